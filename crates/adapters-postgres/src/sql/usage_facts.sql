-- What the roll-ups of $1 say of how, when and with what they work.
WITH person AS (
    SELECT key FROM users WHERE id = $1
),
-- A model is one by its name, whoever served it.
used AS (
    SELECT rollups.day, rollups.source_key, models.name AS model
    FROM usage_rollups AS rollups
    JOIN models ON models.key = rollups.model_key
    WHERE rollups.user_key = (SELECT key FROM person) AND rollups.tokens > 0
),
days AS (
    SELECT count(DISTINCT source_key) AS tools, count(DISTINCT model) AS models FROM used GROUP BY day
),
hours AS (
    SELECT day, hour FROM usage_hours WHERE user_key = (SELECT key FROM person) AND tokens > 0
)
SELECT
    ARRAY(SELECT DISTINCT model FROM used),
    (SELECT count(DISTINCT source_key) FROM usage_rollups WHERE user_key = (SELECT key FROM person))::integer,
    (SELECT count(*) FROM machines WHERE user_key = (SELECT key FROM person))::integer,
    coalesce((SELECT max(tokens) FROM usage_days WHERE user_key = (SELECT key FROM person)), 0),
    coalesce((SELECT max(tools) FROM days), 0)::integer,
    coalesce((SELECT max(models) FROM days), 0)::integer,
    (SELECT count(DISTINCT day) FROM hours WHERE hour BETWEEN 6 AND 8)::integer,
    (SELECT count(DISTINCT day) FROM hours WHERE hour IN (22, 23, 0, 1))::integer,
    (SELECT count(DISTINCT hour) FROM hours)::integer
