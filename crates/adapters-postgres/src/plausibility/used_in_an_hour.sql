-- For each account the hour with the most tokens, if more than $1.
SELECT DISTINCT ON (hours.user_key) users.id, hours.day, hours.hour, hours.tokens
FROM usage_hours AS hours
JOIN users ON users.key = hours.user_key
WHERE users.deleted_at IS NULL AND hours.tokens > $1
ORDER BY hours.user_key, hours.tokens DESC, hours.day, hours.hour
