-- Stores the scores by tool and by model in the snapshot $1. Readers compute their ranks.
INSERT INTO board_scores (
    snapshot, tool, model, period, user_key, streak, models, preferred_tool, reached, tokens, reasoning, efficiency, growth, cost
)
SELECT
    $1, tool, model, period, user_key, streak, models, preferred_tool, reached, tokens, reasoning, efficiency, growth, cost
FROM board_scored
WHERE tool <> 0 OR model <> 0
ORDER BY tool, model, period, user_key
