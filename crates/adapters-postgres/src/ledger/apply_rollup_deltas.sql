-- Adds deltas to the roll-ups of one account. Returns for each row whether it is new: an existing row has the transaction that
-- locked it in xmax.
INSERT INTO usage_rollups AS stored (
    user_key, day, source_key, model_key, machine_key, messages, tokens, input, output, cache_read, cache_write, reasoning,
    unpriced_tokens, unpriced_messages, estimated_messages, cost
)
SELECT owner.key, delta.*
FROM
    (SELECT key FROM users WHERE id = $1) AS owner,
    unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS delta
ON CONFLICT (user_key, day, source_key, model_key, machine_key) DO UPDATE SET
    messages = stored.messages + excluded.messages, tokens = stored.tokens + excluded.tokens,
    input = stored.input + excluded.input, output = stored.output + excluded.output,
    cache_read = stored.cache_read + excluded.cache_read, cache_write = stored.cache_write + excluded.cache_write,
    reasoning = stored.reasoning + excluded.reasoning, unpriced_tokens = stored.unpriced_tokens + excluded.unpriced_tokens,
    unpriced_messages = stored.unpriced_messages + excluded.unpriced_messages, estimated_messages = stored.estimated_messages + excluded.estimated_messages,
    cost = stored.cost + excluded.cost
RETURNING xmax = 0 AS value
