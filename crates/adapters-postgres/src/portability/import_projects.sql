-- Imports projects of $1, the newest first, up to a total of $9. A stored project with the same address and creation time is
-- kept.
INSERT INTO profile_projects (id, user_id, title, description, url, is_featured, created_at, updated_at)
SELECT past.id, $1, past.title, past.description, past.url, past.is_featured, past.created_at, past.updated_at
FROM (
    SELECT DISTINCT ON (created_at, url) *
    FROM unnest($2, $3, $4, $5, $6, $7, $8)
        AS past (id, title, description, url, is_featured, created_at, updated_at)
    ORDER BY created_at DESC, url, id
) AS past
WHERE NOT EXISTS (
    SELECT FROM profile_projects AS kept
    WHERE kept.user_id = $1 AND kept.url = past.url AND kept.created_at = past.created_at
)
ORDER BY past.created_at DESC
LIMIT greatest(0, $9 - (SELECT count(*) FROM profile_projects WHERE user_id = $1))
