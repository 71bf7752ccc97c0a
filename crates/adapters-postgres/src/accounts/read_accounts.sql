SELECT
    users.id, users.timezone, totals.active_days, totals.longest_streak, totals.achievements, totals.event_xp,
    totals.rebuild_due, referrals.referrer_id AS referrer, referrals.paid_at IS NOT NULL AS is_paid,
    totals.messages, totals.tokens, totals.input, totals.output, totals.cache_read, totals.cache_write, totals.reasoning,
    totals.unpriced_tokens, totals.unpriced_messages, totals.estimated_messages, totals.cost
FROM users
JOIN usage_totals AS totals ON totals.user_key = users.key
LEFT JOIN referrals ON referrals.referred_id = users.id
WHERE users.id = ANY($1) AND users.deleted_at IS NULL
