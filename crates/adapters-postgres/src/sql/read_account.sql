SELECT
    users.timezone, totals.active_days, totals.longest_streak, totals.achievements, totals.event_xp,
    totals.messages, totals.tokens, totals.input, totals.output, totals.cache_read, totals.cache_write, totals.reasoning,
    totals.unpriced_tokens, totals.unpriced_messages, totals.estimated_messages, totals.cost
FROM users
JOIN usage_totals AS totals ON totals.user_key = users.key
WHERE users.id = $1 AND users.deleted_at IS NULL
