-- Usage of one account by tool from $2 to $3, both included, as $4 may see it; the dearest first, then the most used, the
-- first $5 of them, beside how many there are and their tokens. Few rows are left
-- after the inner grouping, so only those are looked up by name.
SELECT
    sources.name,
    sum(used.messages)::bigint, sum(used.tokens)::bigint, sum(used.input)::bigint, sum(used.output)::bigint,
    sum(used.cache_read)::bigint, sum(used.cache_write)::bigint, clamped(sum(used.reasoning)), sum(used.unpriced_tokens)::bigint,
    sum(used.unpriced_messages)::bigint, sum(used.estimated_messages)::bigint, sum(used.cost),
    count(DISTINCT used.day) FILTER (WHERE used.tokens > 0), min(used.day), max(used.day),
    count(*) OVER (), clamped(sum(sum(used.tokens)) OVER ())
FROM (
    SELECT
        source_key, day,
        sum(messages)::bigint, sum(tokens)::bigint, sum(input)::bigint, sum(output)::bigint,
        sum(cache_read)::bigint, sum(cache_write)::bigint, clamped(sum(reasoning)), sum(unpriced_tokens)::bigint,
        sum(unpriced_messages)::bigint, sum(estimated_messages)::bigint, sum(cost)
    FROM usage_rollups
    WHERE user_key = (SELECT key FROM visible_to($4) WHERE id = $1) AND day BETWEEN $2 AND $3
    GROUP BY source_key, day
) AS used (source_key, day, messages, tokens, input, output, cache_read, cache_write, reasoning, unpriced_tokens, unpriced_messages, estimated_messages, cost)
JOIN sources ON sources.key = used.source_key
GROUP BY sources.name
ORDER BY sum(used.cost) DESC, sum(used.tokens) DESC, sources.name
LIMIT $5
