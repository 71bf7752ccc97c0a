SELECT
    day, source_key, model_key, machine_key, messages, tokens, input, output, cache_read, cache_write, reasoning,
    unpriced_tokens, unpriced_messages, estimated_messages, cost
FROM usage_rollups
WHERE user_key = (SELECT key FROM users WHERE id = $1)
