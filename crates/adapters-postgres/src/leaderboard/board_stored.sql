-- A part of the stored board over all usage, of the measure $1 and the period $2: $4 entries after $3 others, as $5 sees it at $6,
-- and the entry of $5. No row if the board is not stored; an empty part is one row without an account.
WITH
latest AS MATERIALIZED (
    SELECT boards.id AS board, boards.total, snapshots.id AS snapshot, snapshots.before, snapshots.computed_at
    FROM (
        SELECT id, lead(id) OVER (ORDER BY id DESC) AS before, computed_at FROM board_snapshots ORDER BY id DESC LIMIT 1
    ) AS snapshots
    JOIN boards
        ON boards.snapshot = snapshots.id AND boards.tool = 0 AND boards.model = 0
        AND boards.measure = $1 AND boards.period = $2
),
-- The positions of accounts that were hidden since the refresh. Hidden accounts may be one in three, but only these have a
-- position: updated_at is when a profile turned private, deleted_at when the account was deleted, created_at when it was flagged.
-- The hour allows for clocks that differ and for changes that committed after the refresh. As an array, so that the planner
-- expects few rows.
gaps AS MATERIALIZED (
    SELECT DISTINCT scores.positions[$1] AS position
    FROM unnest(ARRAY(
        SELECT key
        FROM users
        WHERE (NOT is_public OR deleted_at IS NOT NULL)
          AND greatest(updated_at, deleted_at) > (SELECT computed_at FROM latest) - interval '1 hour'
        UNION ALL
        SELECT users.key
        FROM account_flags AS flag
        JOIN users ON users.id = flag.user_id
        WHERE flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > $6)
          AND flag.created_at > (SELECT computed_at FROM latest) - interval '1 hour'
    )) AS hidden (key)
    JOIN board_scores AS scores
        ON scores.snapshot = (SELECT snapshot FROM latest) AND scores.tool = 0 AND scores.model = 0 AND scores.period = $2
        AND scores.user_key = hidden.key
    WHERE scores.positions[$1] IS NOT NULL
),
-- Positions include accounts hidden since, so the part starts later by the number of those before it.
start AS (
    SELECT $3 + count(*) FILTER (WHERE position - number <= $3) AS skipped, count(*) AS hidden
    FROM (SELECT position, row_number() OVER (ORDER BY position) AS number FROM gaps) AS numbered
),
-- The upper limit shows the planner that the part is small. Accounts may be missing beyond the known gaps, so it is generous.
part AS (
    SELECT
        false AS mine, entries.position,
        shown.id, shown.username, shown.name, shown.image, shown.created_at, shown.updated_at,
        entries.rank, entries.before, entries.score, entries.tokens, entries.cost, entries.streak, entries.preferred_tool,
        entries.lifetime_tokens, entries.active_days, entries.event_xp, entries.followers::bigint
    FROM board_entries AS entries
    JOIN accounts_on_boards($6) AS shown ON shown.key = entries.user_key
    WHERE entries.board = (SELECT board FROM latest)
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
        ON scores.snapshot = (SELECT snapshot FROM latest) AND scores.tool = 0 AND scores.model = 0 AND scores.period = $2
        AND scores.user_key = users.key
    JOIN usage_totals AS totals ON totals.user_key = users.key
    LEFT JOIN social_counts AS counts ON counts.user_id = users.id
    LEFT JOIN board_scores AS earlier
        ON earlier.snapshot = (SELECT before FROM latest) AND earlier.tool = 0 AND earlier.model = 0 AND earlier.period = $2
        AND earlier.user_key = users.key
    WHERE users.id = $5 AND users.deleted_at IS NULL AND scores.ranks[$1] IS NOT NULL
)
SELECT
    latest.computed_at, latest.total - (SELECT hidden FROM start) AS total, listed.*,
    sources.name AS tool,
    CASE WHEN $5::uuid IS NOT NULL AND NOT listed.mine AND listed.id <> $5 THEN
        EXISTS (SELECT FROM follows WHERE follower_id = $5 AND following_id = listed.id)
    END AS is_following
FROM latest
LEFT JOIN (
    (SELECT * FROM part UNION ALL SELECT * FROM own) AS listed
    JOIN sources ON sources.key = listed.preferred_tool
) ON true
ORDER BY listed.mine, listed.position
