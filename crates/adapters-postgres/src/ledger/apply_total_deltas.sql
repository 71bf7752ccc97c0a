-- Adds a difference to the totals of one account.
UPDATE usage_totals AS stored
SET
    messages = stored.messages + difference.messages, tokens = stored.tokens + difference.tokens,
    input = stored.input + difference.input, output = stored.output + difference.output,
    cache_read = stored.cache_read + difference.cache_read, cache_write = stored.cache_write + difference.cache_write,
    reasoning = stored.reasoning + difference.reasoning, unpriced_tokens = stored.unpriced_tokens + difference.unpriced_tokens,
    unpriced_messages = stored.unpriced_messages + difference.unpriced_messages, estimated_messages = stored.estimated_messages + difference.estimated_messages,
    cost = stored.cost + difference.cost
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS difference (
    messages, tokens, input, output, cache_read, cache_write, reasoning,
    unpriced_tokens, unpriced_messages, estimated_messages, cost
)
WHERE stored.user_key = (SELECT key FROM users WHERE id = $1)
