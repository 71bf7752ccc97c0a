-- Marks the notifications $3 of $1 that are unread as read at $2. Locks them in the order of the ids, so that concurrent
-- requests do not deadlock; the second one finds them read.
WITH unread AS (
    SELECT id
    FROM notifications
    WHERE user_id = $1 AND read_at IS NULL AND id = ANY ($3)
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE notifications
SET read_at = $2
WHERE id = ANY (ARRAY(SELECT unread.id FROM unread))
