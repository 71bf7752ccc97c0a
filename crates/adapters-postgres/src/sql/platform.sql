-- The sum over all accounts may not fit a bigint, so it travels as text. Who was deleted is not counted.
SELECT
    (
        SELECT coalesce(sum(totals.tokens), 0)::text
        FROM usage_totals AS totals
        JOIN users ON users.key = totals.user_key
        WHERE users.deleted_at IS NULL
    ),
    (SELECT count(*) FROM users WHERE deleted_at IS NULL),
    (SELECT count(*) FROM sources)
