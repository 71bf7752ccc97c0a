-- Usage of one account by model from $2 to $3, both included, as $4 may see it: the first $5 by cost and then by tokens, with
-- the number and the tokens of all. The inner grouping leaves few rows, so few names are looked up.
SELECT
    models.name,
    sum(used.messages)::bigint AS messages, sum(used.tokens)::bigint AS tokens, sum(used.input)::bigint AS input,
    sum(used.output)::bigint AS output, sum(used.cache_read)::bigint AS cache_read,
    sum(used.cache_write)::bigint AS cache_write, clamped(sum(used.reasoning)) AS reasoning,
    sum(used.unpriced_tokens)::bigint AS unpriced_tokens, sum(used.unpriced_messages)::bigint AS unpriced_messages,
    sum(used.estimated_messages)::bigint AS estimated_messages, sum(used.cost) AS cost,
    count(DISTINCT used.day) FILTER (WHERE used.tokens > 0) AS days_active,
    min(used.day) AS first_used, max(used.day) AS last_used,
    count(*) OVER () AS list_rows, clamped(sum(sum(used.tokens)) OVER ()) AS list_tokens
FROM (
    SELECT
        model_key, day, sum(messages) AS messages, sum(tokens) AS tokens, sum(input) AS input, sum(output) AS output,
        sum(cache_read) AS cache_read, sum(cache_write) AS cache_write, sum(reasoning) AS reasoning,
        sum(unpriced_tokens) AS unpriced_tokens, sum(unpriced_messages) AS unpriced_messages,
        sum(estimated_messages) AS estimated_messages, sum(cost) AS cost
    FROM usage_rollups
    WHERE user_key = (SELECT key FROM visible_to($4) WHERE id = $1) AND day BETWEEN $2 AND $3
    GROUP BY model_key, day
) AS used
JOIN models ON models.key = used.model_key
GROUP BY models.name
ORDER BY sum(used.cost) DESC, sum(used.tokens) DESC, models.name
LIMIT $5
