-- A page of the messages of the models $5 without a price, in the order of the primary key, after the last message of the page
-- before.
SELECT
    message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
    source_key, model_key, machine_key, flags, parser_version, cost, project_key
FROM usage_messages
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND cost IS NULL
  AND (source_key, message_key) > ($2, $3)
  AND model_key = ANY($5)
ORDER BY source_key, message_key
LIMIT $4
