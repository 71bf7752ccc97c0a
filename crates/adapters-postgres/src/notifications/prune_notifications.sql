-- Removes up to $3 read notifications older than $1 and up to $3 unread ones older than $2, the oldest first. Locked rows are
-- skipped, so this statement does not wait while it holds many locks.
WITH read AS (
    SELECT id
    FROM notifications
    WHERE read_at IS NOT NULL AND created_at < $1
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
),
unread AS (
    SELECT id
    FROM notifications
    WHERE read_at IS NULL AND created_at < $2
    ORDER BY created_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
),
gone AS (
    DELETE FROM notifications
    -- As an array, so that the plan does not scan the table.
    WHERE id = ANY (ARRAY(SELECT read.id FROM read UNION ALL SELECT unread.id FROM unread))
    RETURNING read_at IS NOT NULL AS was_read
)
SELECT count(*) FILTER (WHERE was_read) AS read, count(*) FILTER (WHERE NOT was_read) AS unread FROM gone
