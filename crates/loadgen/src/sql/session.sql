SELECT
    sessions.token_hash, sessions.id AS session_id, sessions.last_used_at,
    users.id, users.username, users.email, users.email_verified, users.name, users.bio, users.location, users.region, users.website_url,
    users.image, users.is_public, users.is_admin, users.timezone, users.created_at, users.updated_at,
    usage_totals.tokens, usage_totals.active_days, usage_totals.event_xp
FROM sessions
INNER JOIN users ON sessions.user_id = users.id
INNER JOIN usage_totals ON usage_totals.user_key = users.key
WHERE sessions.token_hash = $1 AND sessions.expires_at > now() AND users.deleted_at IS NULL
LIMIT 1
