-- Lifetime usage of one account by tool, as $2 may see it: the first $3 by cost and then by tokens, with the number and the tokens of
-- all.
SELECT
    top.*,
    (SELECT sum(upper(run) - lower(run)) FROM unnest(top.days) AS run) AS days_active,
    lower(top.days) AS first_used, upper(top.days) - 1 AS last_used
FROM (
    SELECT
        sources.name, used.messages, used.tokens, used.input, used.output, used.cache_read, used.cache_write, used.reasoning,
        used.unpriced_tokens, used.unpriced_messages, used.estimated_messages, used.cost, used.days,
        count(*) OVER () AS list_rows, clamped(sum(used.tokens) OVER ()) AS list_tokens
    FROM usage_sources AS used
    JOIN sources ON sources.key = used.source_key
    WHERE used.user_key = (SELECT key FROM visible_to($2) WHERE id = $1)
    ORDER BY used.cost DESC, used.tokens DESC, sources.name
    LIMIT $3
) AS top
ORDER BY top.cost DESC, top.tokens DESC, top.name
