-- Stores the scores over all usage in the snapshot $1, with ranks and positions. The rank of an account is one more than the
-- number of shown accounts with a better score; a hidden account has a rank and no position. Equal scores share a rank, and the
-- one with the earlier last day of usage comes first.
INSERT INTO board_scores
WITH whole AS (
    SELECT scored.*, nullif(scored.reasoning, 0) AS reasoned, people.ordinal, people.shown
    FROM board_scored AS scored
    JOIN board_people AS people ON people.user_key = scored.user_key
    WHERE scored.tool = 0 AND scored.model = 0
)
SELECT
    $1, tool, model, period, user_key, streak, models, preferred_tool, reached, tokens, reasoning, efficiency, growth, cost,
    ARRAY[
        1 + count(*) FILTER (WHERE shown) OVER better_tokens,
        1 + count(*) FILTER (WHERE shown) OVER better_cost,
        1 + count(*) FILTER (WHERE shown) OVER better_streak,
        1 + count(*) FILTER (WHERE shown) OVER better_models,
        CASE WHEN efficiency IS NOT NULL THEN 1 + count(*) FILTER (WHERE shown) OVER better_efficiency END,
        CASE WHEN growth IS NOT NULL THEN 1 + count(*) FILTER (WHERE shown) OVER better_growth END,
        CASE WHEN reasoned IS NOT NULL THEN 1 + count(*) FILTER (WHERE shown) OVER better_reasoned END
    ]::integer[],
    ARRAY[
        CASE WHEN shown THEN count(*) FILTER (WHERE shown) OVER line_tokens END,
        CASE WHEN shown THEN count(*) FILTER (WHERE shown) OVER line_cost END,
        CASE WHEN shown THEN count(*) FILTER (WHERE shown) OVER line_streak END,
        CASE WHEN shown THEN count(*) FILTER (WHERE shown) OVER line_models END,
        CASE WHEN shown AND efficiency IS NOT NULL THEN count(*) FILTER (WHERE shown) OVER line_efficiency END,
        CASE WHEN shown AND growth IS NOT NULL THEN count(*) FILTER (WHERE shown) OVER line_growth END,
        CASE WHEN shown AND reasoned IS NOT NULL THEN count(*) FILTER (WHERE shown) OVER line_reasoned END
    ]::integer[]
FROM whole
WINDOW
    line_tokens AS (PARTITION BY period ORDER BY tokens DESC NULLS LAST, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_tokens AS (
        PARTITION BY period ORDER BY tokens DESC NULLS LAST
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    line_cost AS (PARTITION BY period ORDER BY cost DESC NULLS LAST, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_cost AS (
        PARTITION BY period ORDER BY cost DESC NULLS LAST
        RANGE BETWEEN UNBOUNDED PRECEDING AND 0.000000000000000001 PRECEDING
    ),
    line_streak AS (PARTITION BY period ORDER BY streak DESC NULLS LAST, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_streak AS (
        PARTITION BY period ORDER BY streak DESC NULLS LAST
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    line_models AS (PARTITION BY period ORDER BY models DESC NULLS LAST, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_models AS (
        PARTITION BY period ORDER BY models DESC NULLS LAST
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    line_efficiency AS (PARTITION BY period ORDER BY efficiency DESC NULLS LAST, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_efficiency AS (
        PARTITION BY period ORDER BY efficiency DESC NULLS LAST
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    line_growth AS (PARTITION BY period ORDER BY growth DESC NULLS LAST, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_growth AS (
        PARTITION BY period ORDER BY growth DESC NULLS LAST
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ),
    line_reasoned AS (PARTITION BY period ORDER BY reasoned DESC NULLS LAST, reached, ordinal ROWS UNBOUNDED PRECEDING),
    better_reasoned AS (
        PARTITION BY period ORDER BY reasoned DESC NULLS LAST
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
