-- For each account the day with the most output, if more than $1 tokens.
SELECT DISTINCT ON (days.user_key) users.id, days.day, 0::smallint AS hour, greatest(days.output, days.reasoning) AS tokens
FROM usage_days AS days
JOIN users ON users.key = days.user_key
WHERE users.deleted_at IS NULL AND greatest(days.output, days.reasoning) > $1
ORDER BY days.user_key, greatest(days.output, days.reasoning) DESC, days.day
