-- Adds a delta to the totals of one account.
UPDATE usage_totals AS stored
SET
    messages = stored.messages + delta.messages, tokens = stored.tokens + delta.tokens,
    input = stored.input + delta.input, output = stored.output + delta.output,
    cache_read = stored.cache_read + delta.cache_read, cache_write = stored.cache_write + delta.cache_write,
    reasoning = stored.reasoning + delta.reasoning, unpriced_tokens = stored.unpriced_tokens + delta.unpriced_tokens,
    unpriced_messages = stored.unpriced_messages + delta.unpriced_messages, estimated_messages = stored.estimated_messages + delta.estimated_messages,
    cost = stored.cost + delta.cost
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS delta (
    messages, tokens, input, output, cache_read, cache_write, reasoning,
    unpriced_tokens, unpriced_messages, estimated_messages, cost
)
WHERE stored.user_key = (SELECT key FROM users WHERE id = $1)
