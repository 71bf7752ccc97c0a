-- The sum over all accounts may not fit a bigint, so it travels as text. Who was deleted is not counted: they are few, and found
-- by an index of their own, while everybody is only walked through.
SELECT
    (
        (SELECT coalesce(sum(tokens), 0) FROM usage_totals)
        - (
            SELECT coalesce(sum(totals.tokens), 0)
            FROM users
            JOIN usage_totals AS totals ON totals.user_key = users.key
            WHERE users.deleted_at IS NOT NULL
        )
    )::text,
    (SELECT count(*) FROM users) - (SELECT count(*) FROM users WHERE deleted_at IS NOT NULL),
    (SELECT count(*) FROM sources)
