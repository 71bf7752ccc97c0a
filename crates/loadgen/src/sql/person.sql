SELECT
    id, username, email, email_verified, name, bio, location, region, website_url, image, is_public, is_admin, timezone,
    created_at, updated_at, can_see(NULL::uuid, id)
FROM users
WHERE lower(username) = lower($1) AND deleted_at IS NULL
LIMIT 1
