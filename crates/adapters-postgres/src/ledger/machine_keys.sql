-- Machines are only met here without having synced when an account is imported or repaired. The update that changes
-- nothing makes RETURNING list the rows that were there.
INSERT INTO machines (user_key, name, last_synced_at)
SELECT users.key, wanted.name, users.created_at
FROM users, unnest($2) AS wanted (name)
WHERE users.id = $1
ORDER BY wanted.name
ON CONFLICT (user_key, name) DO UPDATE SET name = excluded.name
RETURNING key, name
