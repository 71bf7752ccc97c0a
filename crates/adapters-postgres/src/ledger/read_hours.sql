SELECT day, hour, messages, tokens
FROM usage_hours
WHERE user_key = (SELECT key FROM users WHERE id = $1)
