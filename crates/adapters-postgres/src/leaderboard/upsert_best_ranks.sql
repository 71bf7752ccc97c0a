-- Stores the ranks of the snapshot $1 that are an account's best so far, of accounts that boards show. Other rows are not touched,
-- because a transaction that settles may have locked them.
INSERT INTO best_ranks (user_id, rank)
SELECT people.id, scores.ranks[1]
FROM board_scores AS scores
JOIN board_people AS people ON people.user_key = scores.user_key
LEFT JOIN best_ranks AS best ON best.user_id = people.id
WHERE scores.snapshot = $1 AND scores.tool = 0 AND scores.model = 0 AND scores.period = 1 AND people.shown
  AND (best.rank IS NULL OR scores.ranks[1] < best.rank)
ORDER BY people.id
ON CONFLICT (user_id) DO UPDATE SET rank = excluded.rank
WHERE excluded.rank < best_ranks.rank
