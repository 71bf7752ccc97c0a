-- The scores, one row per scope and period with usage.
CREATE TEMPORARY TABLE board_scored ON COMMIT DROP AS
WITH favourites AS (
    SELECT DISTINCT ON (scopes.user_key) scopes.user_key, scopes.tool
    FROM board_scopes AS scopes
    JOIN sources ON sources.key = scopes.tool
    ORDER BY scopes.user_key, scopes.tokens_1 DESC, sources.name
)
SELECT
    scopes.tool, scopes.model, part.period::smallint AS period, scopes.user_key,
    coalesce(streaks.streak, 0) AS streak, part.models::integer AS models,
    favourites.tool AS preferred_tool, part.reached, part.tokens::bigint AS tokens, part.reasoning::bigint AS reasoning,
    CASE WHEN part.input + part.cached >= 1000000 THEN div(part.cached * 100000000, part.input + part.cached) END AS efficiency,
    CASE WHEN scopes.tokens_0 >= 100000 THEN
        div((coalesce(scopes.tokens_3, 0) - scopes.tokens_0) * 1000000, scopes.tokens_0)
    END AS growth,
    part.cost
FROM board_scopes AS scopes
CROSS JOIN LATERAL (
    VALUES
        (1, tokens_1, cost_1, input_1, cached_1, reasoning_1, reached_1, models_1),
        (2, tokens_2, cost_2, input_2, cached_2, reasoning_2, reached_2, models_2),
        (3, tokens_3, cost_3, input_3, cached_3, reasoning_3, reached_3, models_3)
) AS part (period, tokens, cost, input, cached, reasoning, reached, models)
JOIN favourites ON favourites.user_key = scopes.user_key
LEFT JOIN board_streaks AS streaks
    ON streaks.user_key = scopes.user_key AND streaks.tool = scopes.tool AND streaks.model = scopes.model
WHERE part.tokens > 0
