-- A page in the order of the primary key, after the last message of the page before: of the tool $5 and the machine $6, from $7 on,
-- and of protocol 2.
SELECT
    message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
    source_key, model_key, machine_key, flags, parser_version, cost, project_key
FROM usage_messages
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND (source_key, message_key) > ($2, $3)
  AND source_key = (SELECT key FROM sources WHERE name = $5)
  AND machine_key = (SELECT key FROM machines WHERE user_key = (SELECT key FROM users WHERE id = $1) AND name = $6)
  AND at >= $7
  AND flags & 8 = 0 AND parser_version = 0
ORDER BY source_key, message_key
LIMIT $4
