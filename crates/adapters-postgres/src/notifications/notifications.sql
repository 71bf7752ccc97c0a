-- $2 notifications of $1 after $3 newer ones.
SELECT id, kind, title, message, data::text, created_at, read_at
FROM notifications
WHERE user_id = $1
ORDER BY created_at DESC, id DESC
LIMIT $2 OFFSET $3
