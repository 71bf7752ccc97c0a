-- The figures of an account, from its row `totals` of usage_totals.
SELECT
    totals.messages, totals.tokens, totals.input, totals.output, totals.cache_read, totals.cache_write, totals.reasoning,
    totals.unpriced_tokens, totals.unpriced_messages, totals.estimated_messages, totals.cost,
    totals.event_xp, totals.achievements,
    -- All spellings of a model, from all providers, count as its canonical name.
    (
        SELECT count(DISTINCT coalesce(models.canonical, models.name))
        FROM usage_models AS used
        JOIN models ON models.key = used.model_key
        WHERE used.user_key = totals.user_key
    ) AS models,
    (SELECT count(*) FROM usage_sources WHERE user_key = totals.user_key) AS sources,
    coalesce((SELECT active FROM usage_calendars WHERE user_key = totals.user_key), '{}') AS active,
