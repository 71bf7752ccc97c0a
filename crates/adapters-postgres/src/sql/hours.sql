SELECT hour, sum(tokens)::bigint
FROM usage_hours
WHERE user_key = (SELECT key FROM users WHERE id = $1) AND day BETWEEN $2 AND $3
GROUP BY hour
