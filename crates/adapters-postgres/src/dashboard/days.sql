SELECT
    day, messages, tokens, input, output, cache_read, cache_write, reasoning,
    unpriced_tokens, unpriced_messages, estimated_messages, cost
FROM usage_days
WHERE user_key = (SELECT key FROM visible_to($4) WHERE id = $1) AND day BETWEEN $2 AND $3
ORDER BY day
