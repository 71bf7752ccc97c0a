-- Everything that the overview and the profile of an account need, for each of the people $1 whom $4 may see. The window
-- of each is from their element of $2 to that of $3, both included.
SELECT
    person.id,
    totals.messages, totals.tokens, totals.input, totals.output, totals.cache_read, totals.cache_write, totals.reasoning,
    totals.unpriced_tokens, totals.unpriced_messages, totals.estimated_messages, totals.cost,
    totals.event_xp, totals.achievements,
    coalesce((
        SELECT sum(tokens) FROM usage_days
        WHERE user_key = totals.user_key AND day BETWEEN asked.first_day AND asked.last_day
    ), 0)::bigint,
    used.models, used.sources,
    ARRAY(SELECT day FROM usage_days WHERE user_key = totals.user_key AND tokens > 0)
FROM unnest($1, $2, $3) AS asked (id, first_day, last_day)
JOIN visible_to($4) AS person ON person.id = asked.id
JOIN usage_totals AS totals ON totals.user_key = person.key
-- A model is one by its canonical name, however it was spelled and whoever served it.
CROSS JOIN LATERAL (
    SELECT count(DISTINCT coalesce(models.canonical, models.name)) AS models, count(DISTINCT keys.source_key) AS sources
    FROM (
        SELECT DISTINCT source_key, model_key FROM usage_rollups WHERE user_key = totals.user_key
    ) AS keys
    JOIN models ON models.key = keys.model_key
) AS used
