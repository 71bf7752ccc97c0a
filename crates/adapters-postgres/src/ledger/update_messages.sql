UPDATE usage_messages AS stored
SET
    at = entry.at, input = entry.input, output = entry.output, cache_read = entry.cache_read,
    cache_write = entry.cache_write, cache_write_1h = entry.cache_write_1h, reasoning = entry.reasoning,
    model_key = entry.model_key, machine_key = entry.machine_key, flags = entry.flags,
    parser_version = entry.parser_version, cost = entry.cost, project_key = entry.project_key
FROM
    (SELECT key FROM users WHERE id = $1) AS owner,
    unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS entry (
        message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
        source_key, model_key, machine_key, flags, parser_version, cost, project_key
    )
WHERE stored.user_key = owner.key
  AND stored.source_key = entry.source_key
  AND stored.message_key = entry.message_key
