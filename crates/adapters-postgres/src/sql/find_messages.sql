SELECT
    message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
    source_key, model_key, machine_key, flags, cost
FROM usage_messages
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND source_key = $2
  AND message_key = ANY($3)
