-- Changes what $1 wants to be told of the kinds $2: in the application as $3 says, by e-mail as $4 says, each as it is where
-- that is null, which is $5 and $6 where nothing was ever said. Answers with everything that was ever said. Rows are written in the order of the kinds, so that two
-- changes at the same time do not wait in a circle.
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
