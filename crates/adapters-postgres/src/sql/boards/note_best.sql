-- Who stands better than ever in the snapshot $1, of those whom boards show.
INSERT INTO best_ranks (user_id, rank)
SELECT people.id, scores.ranks[1]
FROM board_scores AS scores
JOIN board_people AS people ON people.user_key = scores.user_key
WHERE scores.snapshot = $1 AND scores.tool = 0 AND scores.model = 0 AND scores.period = 1 AND people.shown
ORDER BY people.id
ON CONFLICT (user_id) DO UPDATE SET rank = excluded.rank
WHERE excluded.rank < best_ranks.rank
