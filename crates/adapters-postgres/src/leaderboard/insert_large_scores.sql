-- Stores the scores of the larger boards by tool, model and region in the snapshot $1, with ranks and positions by tokens, cost and
-- streak. insert_overall_scores.sql explains both; other measures are ranked when they are read.
INSERT INTO board_scores
SELECT
    $1, tool, model, period, user_key, streak, models, preferred_tool, reached, tokens, reasoning, efficiency, growth, cost,
    ARRAY[
        1 + count(*) FILTER (WHERE shown) OVER better_tokens,
        1 + count(*) FILTER (WHERE shown) OVER better_cost,
        1 + count(*) FILTER (WHERE shown) OVER better_streak
    ]::integer[],
    ARRAY[
        CASE WHEN shown THEN count(*) FILTER (WHERE shown) OVER line_tokens END,
        CASE WHEN shown THEN count(*) FILTER (WHERE shown) OVER line_cost END,
        CASE WHEN shown THEN count(*) FILTER (WHERE shown) OVER line_streak END
    ]::integer[]
FROM board_scoped
WHERE board IS NOT NULL
WINDOW
    line_tokens AS (PARTITION BY board ORDER BY tokens DESC, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_tokens AS (
        PARTITION BY board ORDER BY tokens DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    line_cost AS (PARTITION BY board ORDER BY cost DESC, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_cost AS (
        PARTITION BY board ORDER BY cost DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND 0.000000000000000001 PRECEDING
    ),
    line_streak AS (PARTITION BY board ORDER BY streak DESC, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_streak AS (
        PARTITION BY board ORDER BY streak DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
ORDER BY board, user_key
