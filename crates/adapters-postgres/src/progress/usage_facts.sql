-- The facts about the usage of $1. All spellings of a model, from all providers, count as its canonical name.
SELECT
    ARRAY(
        SELECT DISTINCT coalesce(models.canonical, models.name)
        FROM usage_models AS used
        JOIN models ON models.key = used.model_key
        WHERE used.user_key = users.key
    ) AS models,
    (SELECT count(*) FROM usage_sources WHERE user_key = users.key)::integer AS tools,
    (SELECT count(*) FROM machines WHERE user_key = users.key AND has_usage)::integer AS machines,
    coalesce(calendar.active, '{}') AS active,
    coalesce(calendar.early, '{}') AS early,
    coalesce(calendar.night, '{}') AS night,
    coalesce(calendar.hours, 0) AS hours,
    coalesce(calendar.busiest_day, 0) AS busiest_day,
    coalesce(calendar.tools_in_a_day, 0) AS tools_in_a_day,
    coalesce(calendar.models_in_a_day, 0) AS models_in_a_day
FROM users
LEFT JOIN usage_calendars AS calendar ON calendar.user_key = users.key
WHERE users.id = $1
