-- $2 unread notifications of $1 after $3 newer ones. A text of its own, so that every plan may use the index of these.
SELECT id, kind, title, message, data::text, created_at, read_at
FROM notifications
WHERE user_id = $1 AND read_at IS NULL
ORDER BY created_at DESC, id DESC
LIMIT $2 OFFSET $3
