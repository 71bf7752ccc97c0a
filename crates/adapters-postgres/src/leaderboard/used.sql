-- The usage of every account by tool and model: of all time (1), a month (2), a week (3), and the tokens of the week before (0).
-- All spellings of a model, from all providers, count as its canonical name. Only recent days are summed by age.
CREATE TEMPORARY TABLE board_used ON COMMIT DROP AS
WITH names AS (
    SELECT key, min(key) OVER (PARTITION BY coalesce(canonical, name)) AS model FROM models
),
ever AS (
    SELECT
        rollups.user_key, rollups.source_key AS tool, names.model,
        sum(tokens) AS tokens_1, sum(cost) AS cost_1, sum(input) AS input_1, sum(cache_read) AS cached_1,
        sum(reasoning) AS reasoning_1, max(day) AS reached_1
    FROM usage_rollups AS rollups
    JOIN names ON names.key = rollups.model_key
    WHERE rollups.tokens > 0
    GROUP BY rollups.user_key, rollups.source_key, names.model
),
recent AS (
    SELECT
        user_key, tool, model,
        sum(tokens) FILTER (WHERE age BETWEEN 7 AND 13) AS tokens_0,
        sum(tokens) AS tokens_2,
        sum(tokens) FILTER (WHERE age <= 6) AS tokens_3,
        sum(cost) AS cost_2,
        sum(cost) FILTER (WHERE age <= 6) AS cost_3,
        sum(input) AS input_2,
        sum(input) FILTER (WHERE age <= 6) AS input_3,
        sum(cache_read) AS cached_2,
        sum(cache_read) FILTER (WHERE age <= 6) AS cached_3,
        sum(reasoning) AS reasoning_2,
        sum(reasoning) FILTER (WHERE age <= 6) AS reasoning_3,
        max(day) AS reached_2,
        max(day) FILTER (WHERE age <= 6) AS reached_3
    FROM (
        SELECT
            rollups.user_key, rollups.source_key AS tool, names.model, people.today - day AS age, day,
            tokens, cost, input, cache_read, reasoning
        FROM usage_rollups AS rollups
        JOIN board_people AS people ON people.user_key = rollups.user_key
        JOIN names ON names.key = rollups.model_key
        WHERE rollups.tokens > 0
          -- No zone has an earlier date.
          AND rollups.day >= (SELECT min(today) - 29 FROM board_people)
    ) AS aged
    WHERE age BETWEEN 0 AND 29
    GROUP BY user_key, tool, model
)
SELECT ever.*, recent.tokens_0, recent.tokens_2, recent.tokens_3, recent.cost_2, recent.cost_3, recent.input_2, recent.input_3,
    recent.cached_2, recent.cached_3, recent.reasoning_2, recent.reasoning_3, recent.reached_2, recent.reached_3
FROM ever
JOIN board_people AS people ON people.user_key = ever.user_key
LEFT JOIN recent ON recent.user_key = ever.user_key AND recent.tool = ever.tool AND recent.model = ever.model
