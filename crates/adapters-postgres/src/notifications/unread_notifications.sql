-- $2 unread notifications of $1 after $3 newer ones. A statement of its own, so that its plan uses the partial index.
SELECT id, kind, title, message, data::text, created_at, read_at
FROM notifications
WHERE user_id = $1 AND read_at IS NULL
ORDER BY created_at DESC, id DESC
LIMIT $2 OFFSET $3
