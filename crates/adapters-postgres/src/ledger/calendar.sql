-- The calendar of one account as its days from $2 to $3 make it. All spellings of a model, from all providers, count as its canonical
-- name, as it is when the calendar is written.
INSERT INTO usage_calendars AS stored (user_key, active, early, night, hours, busiest_day, tools_in_a_day, models_in_a_day)
SELECT
    owner.key, days.active, coalesce(clock.early, '{}'), coalesce(clock.night, '{}'), coalesce(clock.hours, 0),
    days.busiest_day, most.tools, most.models
FROM (SELECT key FROM users WHERE id = $1) AS owner
CROSS JOIN LATERAL (
    SELECT range_agg(daterange(day, day, '[]')) AS active, max(tokens) AS busiest_day
    FROM usage_days
    WHERE user_key = owner.key AND day BETWEEN $2 AND $3
) AS days
CROSS JOIN LATERAL (
    SELECT
        bit_or(hours) AS hours,
        range_agg(daterange(day, day, '[]')) FILTER (WHERE hours & (7 << 6) <> 0) AS early,
        range_agg(daterange(day, day, '[]')) FILTER (WHERE hours & ((3 << 22) | 3) <> 0) AS night
    FROM (
        SELECT day, bit_or(1 << hour) AS hours
        FROM usage_hours
        WHERE user_key = owner.key AND day BETWEEN $2 AND $3
        GROUP BY day
    ) AS days
) AS clock
CROSS JOIN LATERAL (
    SELECT max(tools) AS tools, max(models) AS models
    FROM (
        SELECT
            count(DISTINCT used.source_key) AS tools, count(DISTINCT coalesce(models.canonical, models.name)) AS models
        FROM usage_rollups AS used
        JOIN models ON models.key = used.model_key
        WHERE used.user_key = owner.key AND used.day BETWEEN $2 AND $3
        GROUP BY used.day
    ) AS days
) AS most
WHERE days.active IS NOT NULL
