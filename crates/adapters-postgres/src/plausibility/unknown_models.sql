-- Accounts with more than $1 tokens of models that have no price and that nobody else uses; how many models, and the one with
-- the most. A model is one by its canonical name, however it was spelled and whoever served it.
WITH unpriced AS (
    SELECT coalesce(models.canonical, models.name) AS name, rollups.user_key, sum(rollups.unpriced_tokens) AS tokens
    FROM usage_rollups AS rollups
    JOIN models ON models.key = rollups.model_key
    WHERE rollups.unpriced_tokens > 0
    GROUP BY coalesce(models.canonical, models.name), rollups.user_key
),
lonely AS (
    SELECT name, min(user_key) AS user_key, sum(tokens) AS tokens FROM unpriced GROUP BY name HAVING count(*) = 1
)
SELECT
    users.id, count(*), (array_agg(lonely.name ORDER BY lonely.tokens DESC, lonely.name))[1],
    least(sum(lonely.tokens), 9223372036854775807)::bigint
FROM lonely
JOIN users ON users.key = lonely.user_key
WHERE users.deleted_at IS NULL
GROUP BY users.id
HAVING sum(lonely.tokens) > $1::bigint
ORDER BY users.id
