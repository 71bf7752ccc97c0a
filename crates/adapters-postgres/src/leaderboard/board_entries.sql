-- The entries; an empty part is one row without an account.
SELECT
    (SELECT board_version($6)) AS version, latest.computed_at, counted.total, listed.mine,
    users.id, users.username, users.name, users.image, users.created_at, users.updated_at,
    listed.rank, listed.before,
    CASE $1
        WHEN 1 THEN scores.tokens
        WHEN 2 THEN scores.cost
        WHEN 3 THEN scores.streak
        WHEN 4 THEN scores.models
        WHEN 5 THEN scores.efficiency * 0.000001
        WHEN 6 THEN scores.growth * 0.000001
        WHEN 7 THEN scores.reasoning
    END AS score,
    scores.tokens, scores.cost, scores.streak, sources.name AS tool,
    totals.tokens AS lifetime_tokens, totals.active_days, totals.event_xp,
    coalesce(counts.followers, 0)::bigint AS followers,
    CASE WHEN $5::uuid IS NOT NULL AND users.id <> $5 THEN
        EXISTS (SELECT FROM follows WHERE follower_id = $5 AND following_id = users.id)
    END AS is_following
FROM latest
CROSS JOIN counted
LEFT JOIN (
    listed
    JOIN board_scores AS scores
        ON scores.snapshot = (SELECT id FROM latest) AND scores.user_key = listed.user_key AND scores.period = $2
        AND scores.tool = (SELECT tool FROM scope) AND scores.model = (SELECT model FROM scope)
    JOIN users ON users.key = listed.user_key
    JOIN usage_totals AS totals ON totals.user_key = listed.user_key
    JOIN sources ON sources.key = scores.preferred_tool
    LEFT JOIN social_counts AS counts ON counts.user_id = users.id
) ON true
ORDER BY listed.mine, listed.place
