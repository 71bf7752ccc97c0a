-- Accounts with at least $1 messages of which at least $2 percent are also in another account: with the same key, tool and
-- instant, so that ids from a counter do not match. Returns the other account and whether it is the younger one.
WITH
-- One message in sixteen, by its key, so the same ones in every account; usage_messages_sample_idx has them in order.
sampled AS (
    SELECT message_key, user_key
    FROM usage_messages
    WHERE message_key < '10000000-0000-0000-0000-000000000000'
      AND user_key IN (SELECT key FROM users WHERE deleted_at IS NULL)
    GROUP BY message_key, user_key
),
-- Of the accounts with a message in common, each is paired with the first, and the first with the second: the number of pairs is
-- linear, not quadratic.
lined AS (
    SELECT user_key, first_value(user_key) OVER line AS first, lead(user_key) OVER line AS next
    FROM sampled
    WINDOW line AS (PARTITION BY message_key ORDER BY user_key)
),
counted AS (
    SELECT user_key, other, count(*) AS shared, (sum(count(*)) OVER (PARTITION BY user_key))::bigint AS whole
    FROM (SELECT user_key, CASE WHEN user_key = first THEN next ELSE first END AS other FROM lined) AS pairs
    GROUP BY user_key, other
),
-- For each account the one with most in common. Half of the share is enough here, because the sample of a small account is small.
candidates AS MATERIALIZED (
    SELECT DISTINCT ON (counted.user_key) counted.user_key, counted.other, totals.messages
    FROM counted
    JOIN usage_totals AS totals ON totals.user_key = counted.user_key
    WHERE counted.other IS NOT NULL AND counted.shared * 200 >= counted.whole * $2 AND totals.messages >= $1
    ORDER BY counted.user_key, counted.shared DESC, counted.other
),
-- All messages of a small account, the sample of a large one: a few thousand look-ups by key for each.
looked_at AS (
    SELECT candidates.user_key, candidates.other, compared.shared, compared.whole
    FROM candidates
    CROSS JOIN LATERAL (
        SELECT count(*) AS whole, count(theirs.at) AS shared
        FROM usage_messages AS own
        -- OFFSET 0 forces look-ups one by one: the other account may be large.
        LEFT JOIN LATERAL (
            SELECT at FROM usage_messages
            WHERE user_key = candidates.other AND source_key = own.source_key AND message_key = own.message_key AND at = own.at
            OFFSET 0
        ) AS theirs ON true
        WHERE own.user_key = candidates.user_key
          AND (candidates.messages <= 5000 OR own.message_key < '10000000-0000-0000-0000-000000000000')
    ) AS compared
)
SELECT
    own.id, looked_at.shared, looked_at.whole, other.id AS other,
    (own.created_at, own.key) < (other.created_at, other.key) AS was_first
FROM looked_at
JOIN users AS own ON own.key = looked_at.user_key
JOIN users AS other ON other.key = looked_at.other
WHERE looked_at.whole >= $1 AND looked_at.shared * 100 >= looked_at.whole * $2
ORDER BY own.id
