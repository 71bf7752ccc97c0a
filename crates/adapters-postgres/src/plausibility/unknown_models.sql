-- Accounts with more than $1 tokens of models without a price that no other account uses: the number of these models, and the
-- one with the most tokens. All spellings of a model, from all providers, count as its canonical name.
WITH unpriced AS (
    SELECT coalesce(models.canonical, models.name) AS name, rollups.user_key, sum(rollups.unpriced_tokens) AS tokens
    FROM usage_rollups AS rollups
    JOIN models ON models.key = rollups.model_key
    WHERE rollups.unpriced_tokens > 0
    GROUP BY coalesce(models.canonical, models.name), rollups.user_key
),
sole AS (
    SELECT name, min(user_key) AS user_key, sum(tokens) AS tokens FROM unpriced GROUP BY name HAVING count(*) = 1
)
SELECT
    users.id, count(*) AS models, (array_agg(sole.name ORDER BY sole.tokens DESC, sole.name))[1] AS name,
    least(sum(sole.tokens), 9223372036854775807)::bigint AS tokens
FROM sole
JOIN users ON users.key = sole.user_key
WHERE users.deleted_at IS NULL
GROUP BY users.id
HAVING sum(sole.tokens) > $1::bigint
ORDER BY users.id
