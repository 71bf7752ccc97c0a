-- Adds to the stored calendar what is new, and writes nothing if nothing is.
ON CONFLICT (user_key) DO UPDATE SET
    active = stored.active + excluded.active, early = stored.early + excluded.early, night = stored.night + excluded.night,
    hours = stored.hours | excluded.hours, busiest_day = greatest(stored.busiest_day, excluded.busiest_day),
    tools_in_a_day = greatest(stored.tools_in_a_day, excluded.tools_in_a_day),
    models_in_a_day = greatest(stored.models_in_a_day, excluded.models_in_a_day)
WHERE NOT (
    stored.active @> excluded.active AND stored.early @> excluded.early AND stored.night @> excluded.night
    AND stored.hours | excluded.hours = stored.hours AND stored.busiest_day >= excluded.busiest_day
    AND stored.tools_in_a_day >= excluded.tools_in_a_day AND stored.models_in_a_day >= excluded.models_in_a_day
)
