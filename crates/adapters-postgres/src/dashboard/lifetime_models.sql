-- Lifetime usage of one account by model, as $2 may see it: the first $3 by cost and then by tokens, with the number and the tokens of
-- all. The providers of a model count together.
SELECT
    top.*,
    (SELECT sum(upper(run) - lower(run)) FROM unnest(top.days) AS run) AS days_active,
    lower(top.days) AS first_used, upper(top.days) - 1 AS last_used
FROM (
    SELECT
        models.name,
        sum(used.messages)::bigint AS messages, sum(used.tokens)::bigint AS tokens, sum(used.input)::bigint AS input,
        sum(used.output)::bigint AS output, sum(used.cache_read)::bigint AS cache_read,
        sum(used.cache_write)::bigint AS cache_write, clamped(sum(used.reasoning)) AS reasoning,
        sum(used.unpriced_tokens)::bigint AS unpriced_tokens, sum(used.unpriced_messages)::bigint AS unpriced_messages,
        sum(used.estimated_messages)::bigint AS estimated_messages, sum(used.cost) AS cost, range_agg(used.days) AS days,
        count(*) OVER () AS list_rows, clamped(sum(sum(used.tokens)) OVER ()) AS list_tokens
    FROM usage_models AS used
    JOIN models ON models.key = used.model_key
    WHERE used.user_key = (SELECT key FROM visible_to($2) WHERE id = $1)
    GROUP BY models.name
    ORDER BY sum(used.cost) DESC, sum(used.tokens) DESC, models.name
    LIMIT $3
) AS top
ORDER BY top.cost DESC, top.tokens DESC, top.name
