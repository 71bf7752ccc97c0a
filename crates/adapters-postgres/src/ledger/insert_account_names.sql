INSERT INTO account_names (user_key, kind, name_key)
SELECT users.key, used.kind, used.name_key
FROM users, unnest($2, $3) AS used (kind, name_key)
WHERE users.id = $1
ORDER BY used.kind, used.name_key
ON CONFLICT DO NOTHING
