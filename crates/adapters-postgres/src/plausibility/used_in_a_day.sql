-- For each account the day with the most tokens, if more than $1.
SELECT DISTINCT ON (days.user_key) users.id, days.day, 0::smallint AS hour, days.tokens
FROM usage_days AS days
JOIN users ON users.key = days.user_key
WHERE users.deleted_at IS NULL AND days.tokens > $1
ORDER BY days.user_key, days.tokens DESC, days.day
