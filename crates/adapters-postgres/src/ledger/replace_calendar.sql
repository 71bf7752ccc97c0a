-- Replaces the stored calendar if it differs.
ON CONFLICT (user_key) DO UPDATE SET
    active = excluded.active, early = excluded.early, night = excluded.night, hours = excluded.hours,
    busiest_day = excluded.busiest_day, tools_in_a_day = excluded.tools_in_a_day, models_in_a_day = excluded.models_in_a_day
WHERE stored.* IS DISTINCT FROM excluded.*
