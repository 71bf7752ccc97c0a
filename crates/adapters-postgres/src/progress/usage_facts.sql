-- What the roll-ups of $1 say of how, when and with what they work. Each table is read once, in the order of its key.
WITH person AS MATERIALIZED (
    SELECT key FROM users WHERE id = $1
),
rollups AS MATERIALIZED (
    SELECT day, source_key, model_key, tokens > 0 AS is_used FROM usage_rollups WHERE user_key = (SELECT key FROM person)
),
-- A model is one by its canonical name, however it was spelled and whoever served it.
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
    ARRAY(SELECT DISTINCT name FROM names),
    (SELECT count(DISTINCT source_key) FROM rollups WHERE is_used)::integer,
    (SELECT count(*) FROM machines WHERE user_key = (SELECT key FROM person) AND has_usage)::integer,
    coalesce((SELECT max(tokens) FROM usage_days WHERE user_key = (SELECT key FROM person)), 0),
    coalesce(most.tools, 0)::integer,
    coalesce(most.models, 0)::integer,
    clock.early_days::integer,
    clock.night_days::integer,
    clock.hours_of_day::integer
FROM most, clock
