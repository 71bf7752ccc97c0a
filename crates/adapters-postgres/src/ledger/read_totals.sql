SELECT
    messages, tokens, input, output, cache_read, cache_write, reasoning,
    unpriced_tokens, unpriced_messages, estimated_messages, cost
FROM usage_totals
WHERE user_key = (SELECT key FROM users WHERE id = $1)
