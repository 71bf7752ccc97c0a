-- The sum over all accounts may not fit a bigint, so it travels as text.
SELECT
    (SELECT coalesce(sum(tokens), 0)::text FROM usage_totals),
    (SELECT count(*) FROM users WHERE deleted_at IS NULL),
    (SELECT count(*) FROM sources)
