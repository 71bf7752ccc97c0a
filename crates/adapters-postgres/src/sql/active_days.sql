SELECT day
FROM usage_days
WHERE user_key = (SELECT key FROM users WHERE id = $1) AND tokens > 0
