-- A page in the order of the primary key, after the last message of the page before: of the tool $5, from $6 on and before $7;
-- null matches all.
SELECT
    message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
    source_key, model_key, machine_key, flags, parser_version, cost, project_key
FROM usage_messages
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND (source_key, message_key) > ($2, $3)
  AND ($5 IS NULL OR source_key = (SELECT key FROM sources WHERE name = $5))
  AND ($6 IS NULL OR at >= $6)
  AND ($7 IS NULL OR at < $7)
ORDER BY source_key, message_key
LIMIT $4
