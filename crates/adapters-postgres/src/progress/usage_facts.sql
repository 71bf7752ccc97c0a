-- The facts about the usage of $1. Each table is read once, in the order of its key.
WITH person AS MATERIALIZED (
    SELECT key FROM users WHERE id = $1
),
rollups AS MATERIALIZED (
    SELECT day, source_key, model_key, tokens > 0 AS is_used FROM usage_rollups WHERE user_key = (SELECT key FROM person)
),
-- All spellings of a model, from all providers, count as its canonical name.
names AS MATERIALIZED (
    SELECT key, coalesce(canonical, name) AS name
    FROM models
    WHERE key IN (SELECT model_key FROM rollups WHERE is_used)
),
most AS (
    SELECT max(tools) AS tools, max(models) AS models
    FROM (
        SELECT count(DISTINCT rollups.source_key) AS tools, count(DISTINCT names.name) AS models
        FROM rollups
        JOIN names ON names.key = rollups.model_key
        WHERE rollups.is_used
        GROUP BY rollups.day
    ) AS days
),
-- The hours of a day as bits.
clock AS (
    SELECT
        count(*) FILTER (WHERE hours & ((1 << 6) | (1 << 7) | (1 << 8)) <> 0) AS early_days,
        count(*) FILTER (WHERE hours & ((1 << 22) | (1 << 23) | (1 << 0) | (1 << 1)) <> 0) AS night_days,
        bit_count(coalesce(bit_or(hours), 0)::bit(24)) AS hours_of_day
    FROM (
        SELECT bit_or(1 << hour) AS hours
        FROM usage_hours
        WHERE user_key = (SELECT key FROM person) AND tokens > 0
        GROUP BY day
    ) AS days
)
SELECT
    ARRAY(SELECT DISTINCT name FROM names) AS models,
    (SELECT count(DISTINCT source_key) FROM rollups WHERE is_used)::integer AS tools,
    (SELECT count(*) FROM machines WHERE user_key = (SELECT key FROM person) AND has_usage)::integer AS machines,
    coalesce((SELECT max(tokens) FROM usage_days WHERE user_key = (SELECT key FROM person)), 0) AS busiest_day,
    coalesce(most.tools, 0)::integer AS tools_in_a_day,
    coalesce(most.models, 0)::integer AS models_in_a_day,
    clock.early_days::integer AS early_days,
    clock.night_days::integer AS night_days,
    clock.hours_of_day::integer AS hours_of_day
FROM most, clock
