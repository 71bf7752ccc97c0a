-- Adds deltas to the hours of one account.
INSERT INTO usage_hours AS stored (user_key, day, hour, messages, tokens)
SELECT owner.key, delta.*
FROM
    (SELECT key FROM users WHERE id = $1) AS owner,
    unnest($2, $3, $4, $5) AS delta
ON CONFLICT (user_key, day, hour) DO UPDATE SET
    messages = stored.messages + excluded.messages, tokens = stored.tokens + excluded.tokens
