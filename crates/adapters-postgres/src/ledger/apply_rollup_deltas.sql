-- Adds deltas to the roll-ups of one account, and to its lifetime sums by tool and by model. Returns for each roll-up whether it is
-- new: an existing row has the transaction that locked it in xmax. Days that lost their last message stay in the lifetime sums until
-- they are rebuilt. An account of an earlier release may have sums of reasoning out of range, which are clamped until they are rebuilt.
WITH delta AS MATERIALIZED (
    SELECT owner.key AS user_key, given.*
    FROM
        (SELECT key FROM users WHERE id = $1) AS owner,
        unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS given (
            day, source_key, model_key, machine_key, messages, tokens, input, output, cache_read, cache_write, reasoning,
            unpriced_tokens, unpriced_messages, estimated_messages, cost
        )
),
by_source AS (
    INSERT INTO usage_sources AS stored (
        user_key, source_key, messages, tokens, input, output, cache_read, cache_write, reasoning,
        unpriced_tokens, unpriced_messages, estimated_messages, cost, days
    )
    SELECT
        user_key, source_key, sum(messages), sum(tokens), sum(input), sum(output), sum(cache_read), sum(cache_write),
        clamped(sum(reasoning)), sum(unpriced_tokens), sum(unpriced_messages), sum(estimated_messages), sum(cost),
        range_agg(daterange(day, day, '[]'))
    FROM delta
    GROUP BY user_key, source_key
    ON CONFLICT (user_key, source_key) DO UPDATE SET
        messages = stored.messages + excluded.messages, tokens = stored.tokens + excluded.tokens,
        input = stored.input + excluded.input, output = stored.output + excluded.output,
        cache_read = stored.cache_read + excluded.cache_read, cache_write = stored.cache_write + excluded.cache_write,
        reasoning = clamped(stored.reasoning::numeric + excluded.reasoning),
        unpriced_tokens = stored.unpriced_tokens + excluded.unpriced_tokens,
        unpriced_messages = stored.unpriced_messages + excluded.unpriced_messages,
        estimated_messages = stored.estimated_messages + excluded.estimated_messages,
        cost = stored.cost + excluded.cost, days = stored.days + excluded.days
),
by_model AS (
    INSERT INTO usage_models AS stored (
        user_key, model_key, messages, tokens, input, output, cache_read, cache_write, reasoning,
        unpriced_tokens, unpriced_messages, estimated_messages, cost, days
    )
    SELECT
        user_key, model_key, sum(messages), sum(tokens), sum(input), sum(output), sum(cache_read), sum(cache_write),
        clamped(sum(reasoning)), sum(unpriced_tokens), sum(unpriced_messages), sum(estimated_messages), sum(cost),
        range_agg(daterange(day, day, '[]'))
    FROM delta
    GROUP BY user_key, model_key
    ON CONFLICT (user_key, model_key) DO UPDATE SET
        messages = stored.messages + excluded.messages, tokens = stored.tokens + excluded.tokens,
        input = stored.input + excluded.input, output = stored.output + excluded.output,
        cache_read = stored.cache_read + excluded.cache_read, cache_write = stored.cache_write + excluded.cache_write,
        reasoning = clamped(stored.reasoning::numeric + excluded.reasoning),
        unpriced_tokens = stored.unpriced_tokens + excluded.unpriced_tokens,
        unpriced_messages = stored.unpriced_messages + excluded.unpriced_messages,
        estimated_messages = stored.estimated_messages + excluded.estimated_messages,
        cost = stored.cost + excluded.cost, days = stored.days + excluded.days
)
INSERT INTO usage_rollups AS stored (
    user_key, day, source_key, model_key, machine_key, messages, tokens, input, output, cache_read, cache_write, reasoning,
    unpriced_tokens, unpriced_messages, estimated_messages, cost
)
SELECT * FROM delta
ON CONFLICT (user_key, day, source_key, model_key, machine_key) DO UPDATE SET
    messages = stored.messages + excluded.messages, tokens = stored.tokens + excluded.tokens,
    input = stored.input + excluded.input, output = stored.output + excluded.output,
    cache_read = stored.cache_read + excluded.cache_read, cache_write = stored.cache_write + excluded.cache_write,
    reasoning = stored.reasoning + excluded.reasoning, unpriced_tokens = stored.unpriced_tokens + excluded.unpriced_tokens,
    unpriced_messages = stored.unpriced_messages + excluded.unpriced_messages, estimated_messages = stored.estimated_messages + excluded.estimated_messages,
    cost = stored.cost + excluded.cost
RETURNING xmax = 0 AS value
