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
        ON scores.snapshot = (SELECT id FROM latest) AND scores.tool = (SELECT tool FROM board)
        AND scores.model = (SELECT model FROM board) AND scores.period = $2 AND scores.user_key = hidden.key
    WHERE scores.positions[$1] IS NOT NULL
),
-- Positions include accounts hidden since, so the part starts later by the number of those before it.
start AS (
    SELECT $3 + count(*) FILTER (WHERE position - number <= $3) AS skipped, count(*) AS hidden
    FROM (SELECT position, row_number() OVER (ORDER BY position) AS number FROM gaps) AS numbered
),
