-- Derives the lifetime sums by tool of one account from its roll-ups. Returns a row for each changed one.
WITH actual AS MATERIALIZED (
    SELECT
        user_key, source_key, clamped(sum(messages)) AS messages, clamped(sum(tokens)) AS tokens, clamped(sum(input)) AS input,
        clamped(sum(output)) AS output, clamped(sum(cache_read)) AS cache_read, clamped(sum(cache_write)) AS cache_write,
        clamped(sum(reasoning)) AS reasoning, clamped(sum(unpriced_tokens)) AS unpriced_tokens,
        clamped(sum(unpriced_messages)) AS unpriced_messages, clamped(sum(estimated_messages)) AS estimated_messages,
        sum(cost) AS cost, range_agg(daterange(day, day, '[]')) AS days
    FROM usage_rollups
    WHERE user_key = (SELECT key FROM users WHERE id = $1)
    GROUP BY user_key, source_key
),
removed AS (
    DELETE FROM usage_sources
    WHERE user_key = (SELECT key FROM users WHERE id = $1) AND source_key NOT IN (SELECT source_key FROM actual)
    RETURNING source_key
),
written AS (
    INSERT INTO usage_sources AS stored (
        user_key, source_key, messages, tokens, input, output, cache_read, cache_write, reasoning,
        unpriced_tokens, unpriced_messages, estimated_messages, cost, days
    )
    SELECT * FROM actual
    ON CONFLICT (user_key, source_key) DO UPDATE SET
        messages = excluded.messages, tokens = excluded.tokens, input = excluded.input, output = excluded.output,
        cache_read = excluded.cache_read, cache_write = excluded.cache_write, reasoning = excluded.reasoning,
        unpriced_tokens = excluded.unpriced_tokens, unpriced_messages = excluded.unpriced_messages,
        estimated_messages = excluded.estimated_messages, cost = excluded.cost, days = excluded.days
    WHERE stored.* IS DISTINCT FROM excluded.*
    RETURNING source_key
)
SELECT source_key FROM removed
UNION ALL
SELECT source_key FROM written
