-- Marks all unread notifications of $1 as read at $2. Locks them in the order of the ids, as mark_read.sql does.
WITH unread AS (
    SELECT id
    FROM notifications
    WHERE user_id = $1 AND read_at IS NULL
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE notifications
SET read_at = $2
WHERE id = ANY (ARRAY(SELECT unread.id FROM unread))
