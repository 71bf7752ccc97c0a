-- Gives the projects $2 of the account $1 a key, in order. A new one takes the smallest key that is free, up to $3, which bounds
-- their number. Returns those that have a key.
WITH wanted AS MATERIALIZED (
    SELECT owner.key AS user_key, given.name, given.place
    FROM
        (SELECT key FROM users WHERE id = $1) AS owner,
        unnest($2) WITH ORDINALITY AS given (name, place)
),
missing AS (
    SELECT user_key, name, row_number() OVER (ORDER BY place) AS place
    FROM wanted
    WHERE NOT EXISTS (
        SELECT FROM usage_projects AS stored WHERE stored.user_key = wanted.user_key AND stored.name = wanted.name
    )
),
-- Empty if nothing is missing, which is usual.
free AS (
    SELECT number::smallint AS key, row_number() OVER (ORDER BY number) AS place
    FROM generate_series(1, CASE WHEN EXISTS (SELECT FROM missing) THEN $3 ELSE 0 END) AS number
    WHERE number NOT IN (SELECT stored.key FROM usage_projects AS stored WHERE stored.user_key = (SELECT user_key FROM wanted LIMIT 1))
),
made AS (
    INSERT INTO usage_projects (user_key, key, name)
    SELECT missing.user_key, free.key, missing.name
    FROM missing
    JOIN free USING (place)
    RETURNING key, name
)
SELECT key, name FROM made
UNION ALL
SELECT stored.key, stored.name
FROM wanted
JOIN usage_projects AS stored USING (user_key, name)
