-- Stores the entries of the boards over all usage of the snapshot $1, in the order in which they are read.
INSERT INTO board_entries (
    board, position, user_key, rank, before, streak, preferred_tool, followers, tokens, lifetime_tokens, active_days, event_xp, score, cost
)
SELECT
    boards.id, scores.positions[boards.measure], scores.user_key, scores.ranks[boards.measure], earlier.ranks[boards.measure],
    scores.streak, scores.preferred_tool, coalesce(counts.followers, 0), scores.tokens,
    totals.tokens, totals.active_days, totals.event_xp,
    CASE boards.measure
        WHEN 1 THEN scores.tokens
        WHEN 2 THEN scores.cost
        WHEN 3 THEN scores.streak
        WHEN 4 THEN scores.models
        WHEN 5 THEN scores.efficiency * 0.000001
        WHEN 6 THEN scores.growth * 0.000001
        WHEN 7 THEN scores.reasoning
    END,
    scores.cost
FROM board_scores AS scores
JOIN boards ON boards.snapshot = $1 AND boards.tool = 0 AND boards.model = 0 AND boards.period = scores.period
JOIN board_people AS people ON people.user_key = scores.user_key
JOIN usage_totals AS totals ON totals.user_key = scores.user_key
LEFT JOIN social_counts AS counts ON counts.user_id = people.id
LEFT JOIN board_scores AS earlier
    ON earlier.snapshot = (SELECT max(id) FROM board_snapshots WHERE id < $1)
    AND earlier.tool = 0 AND earlier.model = 0 AND earlier.period = scores.period AND earlier.user_key = scores.user_key
WHERE scores.snapshot = $1 AND scores.tool = 0 AND scores.model = 0 AND scores.positions[boards.measure] IS NOT NULL
  -- Growth has a board of the week only.
  AND (boards.measure <> 6 OR boards.period = 3)
ORDER BY boards.id, scores.positions[boards.measure]
