-- The usage by tool, by model, and over all usage, which has tool and model 0, with the number of models.
CREATE TEMPORARY TABLE board_scopes ON COMMIT DROP AS
WITH tools AS (
    SELECT
        user_key, tool, 0 AS model,
        sum(tokens_0) AS tokens_0, sum(tokens_1) AS tokens_1, sum(tokens_2) AS tokens_2, sum(tokens_3) AS tokens_3,
        sum(cost_1) AS cost_1, sum(cost_2) AS cost_2, sum(cost_3) AS cost_3,
        sum(input_1) AS input_1, sum(input_2) AS input_2, sum(input_3) AS input_3,
        sum(cached_1) AS cached_1, sum(cached_2) AS cached_2, sum(cached_3) AS cached_3,
        sum(reasoning_1) AS reasoning_1, sum(reasoning_2) AS reasoning_2, sum(reasoning_3) AS reasoning_3,
        max(reached_1) AS reached_1, max(reached_2) AS reached_2, max(reached_3) AS reached_3,
        count(*) AS models_1, count(tokens_2) AS models_2, count(tokens_3) AS models_3
    FROM board_used
    GROUP BY user_key, tool
),
models AS (
    SELECT
        user_key, 0 AS tool, model,
        sum(tokens_0) AS tokens_0, sum(tokens_1) AS tokens_1, sum(tokens_2) AS tokens_2, sum(tokens_3) AS tokens_3,
        sum(cost_1) AS cost_1, sum(cost_2) AS cost_2, sum(cost_3) AS cost_3,
        sum(input_1) AS input_1, sum(input_2) AS input_2, sum(input_3) AS input_3,
        sum(cached_1) AS cached_1, sum(cached_2) AS cached_2, sum(cached_3) AS cached_3,
        sum(reasoning_1) AS reasoning_1, sum(reasoning_2) AS reasoning_2, sum(reasoning_3) AS reasoning_3,
        max(reached_1) AS reached_1, max(reached_2) AS reached_2, max(reached_3) AS reached_3,
        1::bigint AS models_1, 1::bigint AS models_2, 1::bigint AS models_3
    FROM board_used
    GROUP BY user_key, model
),
-- From the rows by model, so that each model counts once.
everything AS (
    SELECT
        user_key, 0 AS tool, 0 AS model,
        sum(tokens_0) AS tokens_0, sum(tokens_1) AS tokens_1, sum(tokens_2) AS tokens_2, sum(tokens_3) AS tokens_3,
        sum(cost_1) AS cost_1, sum(cost_2) AS cost_2, sum(cost_3) AS cost_3,
        sum(input_1) AS input_1, sum(input_2) AS input_2, sum(input_3) AS input_3,
        sum(cached_1) AS cached_1, sum(cached_2) AS cached_2, sum(cached_3) AS cached_3,
        sum(reasoning_1) AS reasoning_1, sum(reasoning_2) AS reasoning_2, sum(reasoning_3) AS reasoning_3,
        max(reached_1) AS reached_1, max(reached_2) AS reached_2, max(reached_3) AS reached_3,
        count(*) AS models_1, count(tokens_2) AS models_2, count(tokens_3) AS models_3
    FROM models
    GROUP BY user_key
)
SELECT * FROM tools UNION ALL SELECT * FROM models UNION ALL SELECT * FROM everything
