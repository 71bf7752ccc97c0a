-- Marks those of the notifications $3 as read at $2 that are $1's and unread. They are locked in the order of their ids: two
-- requests that mark the same ones wait for each other and never in a circle, and whoever comes second finds them read.
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
