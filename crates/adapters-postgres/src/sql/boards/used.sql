-- What everybody used of each tool and model: over all time (1), a month (2), a week (3), and tokens of the week before (0).
-- A model is one by its name, whoever served it. The one look at all roll-ups.
CREATE TEMPORARY TABLE board_used ON COMMIT DROP AS
WITH names AS (
    SELECT key, min(key) OVER (PARTITION BY name) AS model FROM models
)
SELECT
    used.user_key, used.source_key AS tool, names.model,
    sum(tokens) FILTER (WHERE age BETWEEN 7 AND 13) AS tokens_0,
    sum(tokens) AS tokens_1,
    sum(tokens) FILTER (WHERE age BETWEEN 0 AND 29) AS tokens_2,
    sum(tokens) FILTER (WHERE age BETWEEN 0 AND 6) AS tokens_3,
    sum(cost) AS cost_1,
    sum(cost) FILTER (WHERE age BETWEEN 0 AND 29) AS cost_2,
    sum(cost) FILTER (WHERE age BETWEEN 0 AND 6) AS cost_3,
    sum(input) AS input_1,
    sum(input) FILTER (WHERE age BETWEEN 0 AND 29) AS input_2,
    sum(input) FILTER (WHERE age BETWEEN 0 AND 6) AS input_3,
    sum(cache_read) AS cached_1,
    sum(cache_read) FILTER (WHERE age BETWEEN 0 AND 29) AS cached_2,
    sum(cache_read) FILTER (WHERE age BETWEEN 0 AND 6) AS cached_3,
    sum(reasoning) AS reasoning_1,
    sum(reasoning) FILTER (WHERE age BETWEEN 0 AND 29) AS reasoning_2,
    sum(reasoning) FILTER (WHERE age BETWEEN 0 AND 6) AS reasoning_3,
    max(day) AS reached_1,
    max(day) FILTER (WHERE age BETWEEN 0 AND 29) AS reached_2,
    max(day) FILTER (WHERE age BETWEEN 0 AND 6) AS reached_3
FROM (
    SELECT rollups.*, people.today - rollups.day AS age
    FROM usage_rollups AS rollups
    JOIN board_people AS people ON people.user_key = rollups.user_key
    WHERE rollups.tokens > 0
) AS used
JOIN names ON names.key = used.model_key
GROUP BY used.user_key, used.source_key, names.model
