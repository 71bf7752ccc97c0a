-- The upper limit shows the planner that the part is small. Accounts may be missing beyond the known gaps, so it is generous.
part AS (
    SELECT
        false AS mine, entries.position,
        shown.id, shown.username, shown.name, shown.image, shown.created_at, shown.updated_at,
        entries.rank, entries.before, entries.score, entries.tokens, entries.cost, entries.streak, entries.preferred_tool,
        entries.lifetime_tokens, entries.active_days, entries.event_xp, entries.followers::bigint
    FROM board_entries AS entries
    JOIN accounts_on_boards($6) AS shown ON shown.key = entries.user_key
    WHERE entries.board = (SELECT id FROM board)
      AND entries.position > (SELECT skipped FROM start)
      AND entries.position <= (SELECT skipped + hidden + 2 * $4 FROM start)
    ORDER BY entries.position
    LIMIT $4
),
own AS (
    SELECT
        true, 0, users.id, users.username, users.name, users.image, users.created_at, users.updated_at,
        scores.ranks[$1], earlier.ranks[$1],
        CASE $1
            WHEN 1 THEN scores.tokens
            WHEN 2 THEN scores.cost
            WHEN 3 THEN scores.streak
            WHEN 4 THEN scores.models
            WHEN 5 THEN scores.efficiency * 0.000001
            WHEN 6 THEN scores.growth * 0.000001
            WHEN 7 THEN scores.reasoning
        END,
        scores.tokens, scores.cost, scores.streak, scores.preferred_tool,
        totals.tokens, totals.active_days, totals.event_xp, coalesce(counts.followers, 0)::bigint
    FROM users
    JOIN board_scores AS scores
        ON scores.snapshot = (SELECT id FROM latest) AND scores.tool = 0 AND scores.model = 0 AND scores.period = $2
        AND scores.user_key = users.key
    JOIN usage_totals AS totals ON totals.user_key = users.key
    LEFT JOIN social_counts AS counts ON counts.user_id = users.id
    LEFT JOIN board_scores AS earlier
        ON earlier.snapshot = (SELECT before FROM latest) AND earlier.tool = 0 AND earlier.model = 0 AND earlier.period = $2
        AND earlier.user_key = users.key
    WHERE users.id = $5 AND users.deleted_at IS NULL AND scores.ranks[$1] IS NOT NULL
)
SELECT
    (SELECT board_version($6)) AS version, latest.computed_at, board.total - (SELECT hidden FROM start) AS total, listed.*,
    sources.name AS tool,
    CASE WHEN $5::uuid IS NOT NULL AND NOT listed.mine AND listed.id <> $5 THEN
        EXISTS (SELECT FROM follows WHERE follower_id = $5 AND following_id = listed.id)
    END AS is_following
FROM latest
CROSS JOIN board
LEFT JOIN (
    (SELECT * FROM part UNION ALL SELECT * FROM own) AS listed
    JOIN sources ON sources.key = listed.preferred_tool
) ON true
ORDER BY listed.mine, listed.position
