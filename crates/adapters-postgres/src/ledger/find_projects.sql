SELECT key, name
FROM usage_projects
WHERE user_key = (SELECT key FROM users WHERE id = $1) AND key = ANY($2)
