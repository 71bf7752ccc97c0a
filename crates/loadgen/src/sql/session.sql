SELECT sessions.user_id, sessions.id, sessions.last_used_at, users.is_admin
FROM sessions
INNER JOIN users ON sessions.user_id = users.id
WHERE sessions.token_hash = $1 AND sessions.expires_at > now() AND users.deleted_at IS NULL
LIMIT 1
