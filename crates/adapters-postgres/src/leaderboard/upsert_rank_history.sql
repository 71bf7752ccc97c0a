-- Stores the ranks of the snapshot $1 for the day $2, replacing those of an earlier refresh on that day.
INSERT INTO rank_history (user_key, day, ranks)
SELECT
    user_key, $2,
    ARRAY[
        max(ranks[1]) FILTER (WHERE period = 1), max(ranks[2]) FILTER (WHERE period = 1), max(ranks[3]) FILTER (WHERE period = 1),
        max(ranks[1]) FILTER (WHERE period = 2), max(ranks[2]) FILTER (WHERE period = 2), max(ranks[3]) FILTER (WHERE period = 2),
        max(ranks[1]) FILTER (WHERE period = 3), max(ranks[2]) FILTER (WHERE period = 3), max(ranks[3]) FILTER (WHERE period = 3)
    ]
FROM board_scores
WHERE snapshot = $1 AND tool = 0 AND model = 0
GROUP BY user_key
ORDER BY user_key
ON CONFLICT (user_key, day) DO UPDATE SET ranks = excluded.ranks
WHERE rank_history.ranks <> excluded.ranks
