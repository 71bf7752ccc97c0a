-- The sums of messages without a price by model, those with the most tokens first.
SELECT
    models.name,
    models.provider,
    -- Flag 1: the reasoning is part of the output. The sum over many accounts may exceed a bigint.
    clamped(sum(
        stored.input + stored.output + stored.cache_read + stored.cache_write
        + CASE WHEN stored.flags & 1 = 0 THEN stored.reasoning ELSE 0 END
    )) AS tokens,
    count(*) AS messages,
    count(DISTINCT stored.user_key) AS people,
    min(stored.at) AS first_seen,
    max(stored.at) AS last_seen
FROM usage_messages AS stored
JOIN users ON users.key = stored.user_key AND users.deleted_at IS NULL
JOIN models ON models.key = stored.model_key
WHERE stored.cost IS NULL
GROUP BY models.key
ORDER BY tokens DESC, models.name, models.provider
LIMIT $1
