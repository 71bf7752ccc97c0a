-- The arrays are in the order of the keys, so neighbours in the index are written together. The account lock excludes
-- conflicts; the caller checks the number of rows.
INSERT INTO usage_messages (
    user_key, message_key, at, input, output, cache_read, cache_write, cache_write_1h, reasoning,
    source_key, model_key, machine_key, flags, parser_version, cost, project_key
)
SELECT owner.key, entry.*
FROM
    (SELECT key FROM users WHERE id = $1) AS owner,
    unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS entry
ON CONFLICT DO NOTHING
