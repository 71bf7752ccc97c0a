-- Adds deltas to the days of the projects of one account.
INSERT INTO usage_project_days AS stored (user_key, day, project_key, messages, tokens, cost)
SELECT owner.key, delta.*
FROM
    (SELECT key FROM users WHERE id = $1) AS owner,
    unnest($2, $3, $4, $5, $6) AS delta
ON CONFLICT (user_key, day, project_key) DO UPDATE SET
    messages = stored.messages + excluded.messages, tokens = stored.tokens + excluded.tokens, cost = stored.cost + excluded.cost
