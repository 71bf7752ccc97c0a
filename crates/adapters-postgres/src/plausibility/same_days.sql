-- Accounts of which at least $3 days since $1, and at least $4 percent, have the same sums as days of another account. Days with
-- fewer than $2 tokens are ignored. Returns the other account and whether it is the younger one.
WITH days AS (
    SELECT days.user_key, days.day, days.tokens, days.input, days.output, days.cache_read, days.messages
    FROM usage_days AS days
    JOIN users ON users.key = days.user_key
    WHERE days.day >= $1 AND days.tokens >= $2 AND users.deleted_at IS NULL
),
-- Of the accounts with an equal day, each is paired with the first, and the first with the second: the number of pairs is linear,
-- not quadratic.
lined AS (
    SELECT user_key, first_value(user_key) OVER line AS first, lead(user_key) OVER line AS next
    FROM days
    WINDOW line AS (PARTITION BY tokens, day, input, output, cache_read, messages ORDER BY user_key)
),
counted AS (
    SELECT user_key, other, count(*) AS shared, (sum(count(*)) OVER (PARTITION BY user_key))::bigint AS whole
    FROM (SELECT user_key, CASE WHEN user_key = first THEN next ELSE first END AS other FROM lined) AS pairs
    GROUP BY user_key, other
)
SELECT DISTINCT ON (counted.user_key)
    own.id, counted.shared, counted.whole, other.id AS other,
    (own.created_at, own.key) < (other.created_at, other.key) AS was_first
FROM counted
JOIN users AS own ON own.key = counted.user_key
JOIN users AS other ON other.key = counted.other
WHERE counted.shared >= $3 AND counted.shared * 100 >= counted.whole * $4
ORDER BY counted.user_key, counted.shared DESC, counted.other
