-- Stores the scores of the smaller boards by tool, model and region in the snapshot $1.
INSERT INTO board_scores (
    snapshot, tool, model, period, user_key, streak, models, preferred_tool, reached, tokens, reasoning, efficiency, growth, cost
)
SELECT
    $1, tool, model, period, user_key, streak, models, preferred_tool, reached, tokens, reasoning, efficiency, growth, cost
FROM board_scoped
WHERE board IS NULL
ORDER BY tool, model, period, user_key
