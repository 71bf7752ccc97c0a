SELECT day, project_key, messages, tokens, cost
FROM usage_project_days
WHERE user_key = (SELECT key FROM users WHERE id = $1)
