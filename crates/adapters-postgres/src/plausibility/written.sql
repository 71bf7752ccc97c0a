-- For each account the day on which most was written, beyond $1 tokens.
SELECT DISTINCT ON (days.user_key) users.id, days.day, greatest(days.output, days.reasoning)
FROM usage_days AS days
JOIN users ON users.key = days.user_key
WHERE users.deleted_at IS NULL AND greatest(days.output, days.reasoning) > $1
ORDER BY days.user_key, greatest(days.output, days.reasoning) DESC, days.day
