-- The figures of the overview and the profile, for each of the accounts $1 that $4 may see. The window of an account is from
-- its element of $2 to that of $3, both included.
SELECT
    person.id,
    totals.messages, totals.tokens, totals.input, totals.output, totals.cache_read, totals.cache_write, totals.reasoning,
    totals.unpriced_tokens, totals.unpriced_messages, totals.estimated_messages, totals.cost,
    totals.event_xp, totals.achievements,
    coalesce((
        SELECT sum(tokens) FROM usage_days
        WHERE user_key = totals.user_key AND day BETWEEN account.first_day AND account.last_day
    ), 0)::bigint AS window_tokens,
    -- All spellings of a model, from all providers, count as its canonical name.
    (
        SELECT count(DISTINCT coalesce(models.canonical, models.name))
        FROM usage_models AS used
        JOIN models ON models.key = used.model_key
        WHERE used.user_key = totals.user_key
    ) AS models,
    (SELECT count(*) FROM usage_sources WHERE user_key = totals.user_key) AS sources,
    coalesce((SELECT active FROM usage_calendars WHERE user_key = totals.user_key), '{}') AS active
FROM unnest($1, $2, $3) AS account (id, first_day, last_day)
JOIN visible_to($4) AS person ON person.id = account.id
JOIN usage_totals AS totals ON totals.user_key = person.key
