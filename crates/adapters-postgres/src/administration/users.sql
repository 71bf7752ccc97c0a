-- A page of the users whose username or address contains $1, in lower case, by username; null selects all. $2: the size, $3: the
-- offset. Accounts that are being purged (deleted_at is the epoch) are left out.
SELECT
    users.id, users.username, users.email, users.email_verified, users.is_public, users.is_admin, users.created_at,
    greatest(
        (SELECT max(last_used_at) FROM sessions WHERE sessions.user_id = users.id),
        (SELECT max(last_used_at) FROM api_tokens WHERE api_tokens.user_id = users.id)
    ) AS last_seen_at,
    coalesce(totals.messages, 0) AS messages,
    users.deleted_at, users.suspension
FROM users
LEFT JOIN usage_totals AS totals ON totals.user_key = users.key
WHERE (users.deleted_at IS NULL OR users.deleted_at > 'epoch')
  AND ($1::text IS NULL OR strpos(lower(users.username), $1) > 0 OR strpos(lower(users.email), $1) > 0)
ORDER BY lower(users.username)
LIMIT $2 OFFSET $3
