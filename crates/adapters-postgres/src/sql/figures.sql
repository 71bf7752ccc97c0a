-- Everything that the overview and the profile of one account need. The window is $2 to $3, both included.
SELECT
    totals.messages, totals.tokens, totals.input, totals.output, totals.cache_read, totals.cache_write, totals.reasoning,
    totals.unpriced_tokens, totals.unpriced_messages, totals.estimated_messages, totals.cost,
    totals.event_xp, totals.achievements,
    coalesce((
        SELECT sum(tokens) FROM usage_days WHERE user_key = totals.user_key AND day BETWEEN $2 AND $3
    ), 0)::bigint,
    used.models, used.sources,
    ARRAY(SELECT day FROM usage_days WHERE user_key = totals.user_key AND tokens > 0)
FROM usage_totals AS totals
-- A model is one by its name, whoever served it.
CROSS JOIN LATERAL (
    SELECT count(DISTINCT models.name) AS models, count(DISTINCT keys.source_key) AS sources
    FROM (
        SELECT DISTINCT source_key, model_key FROM usage_rollups WHERE user_key = totals.user_key
    ) AS keys
    JOIN models ON models.key = keys.model_key
) AS used
WHERE totals.user_key = (SELECT key FROM users WHERE id = $1)
