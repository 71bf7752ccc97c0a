SELECT hour, sum(tokens)::bigint AS tokens
FROM usage_hours
WHERE user_key = (SELECT key FROM visible_to($4) WHERE id = $1) AND day BETWEEN $2 AND $3
GROUP BY hour
