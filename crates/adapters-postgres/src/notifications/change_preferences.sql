-- Sets the preferences of $1 for the kinds $2: in the application to $3 and by email to $4. Null keeps the stored value, or the
-- defaults $5 and $6 where there is none. Returns all stored preferences. Rows are written in the order of the kinds, so
-- that concurrent changes do not deadlock.
WITH named AS (
    SELECT named.kind, named.in_app, named.email, named.usually_in_app, named.usually_email
    FROM unnest($2, $3, $4, $5, $6) AS named (kind, in_app, email, usually_in_app, usually_email)
),
changed AS (
    INSERT INTO notification_preferences AS kept (user_id, kind, in_app, email)
    SELECT $1, named.kind, coalesce(named.in_app, named.usually_in_app), coalesce(named.email, named.usually_email)
    FROM named
    ORDER BY named.kind
    ON CONFLICT (user_id, kind) DO UPDATE SET
        in_app = coalesce((SELECT named.in_app FROM named WHERE named.kind = excluded.kind), kept.in_app),
        email = coalesce((SELECT named.email FROM named WHERE named.kind = excluded.kind), kept.email)
    RETURNING kept.kind, kept.in_app, kept.email
)
SELECT kind, in_app, email FROM changed
UNION ALL
SELECT kind, in_app, email
FROM notification_preferences
WHERE user_id = $1 AND kind NOT IN (SELECT named.kind FROM named)
