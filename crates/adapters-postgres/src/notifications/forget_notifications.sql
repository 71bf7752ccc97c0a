-- Removes up to $3 notifications that were read and are older than $1, and as many that were not and are older than $2, the
-- oldest first. Rows that somebody is changing are passed over: whoever holds many locks must not wait for one more.
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
    -- As an array, so that no plan reads the table to find so few.
    WHERE id = ANY (ARRAY(SELECT read.id FROM read UNION ALL SELECT unread.id FROM unread))
    RETURNING read_at IS NOT NULL AS was_read
)
SELECT count(*) FILTER (WHERE was_read), count(*) FILTER (WHERE NOT was_read) FROM gone
