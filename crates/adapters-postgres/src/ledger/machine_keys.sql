-- Makes machines that have not synced, for an import or a rebuild. The update that changes nothing makes RETURNING list the
-- rows that exist.
INSERT INTO machines (user_key, name, last_synced_at)
SELECT users.key, wanted.name, users.created_at
FROM users, unnest($2) AS wanted (name)
WHERE users.id = $1
ORDER BY wanted.name
ON CONFLICT (user_key, name) DO UPDATE SET name = excluded.name
RETURNING key, name
