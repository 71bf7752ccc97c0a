-- The accounts with messages without a price of the models $1, $2 (names and providers).
SELECT users.id AS value
FROM users
WHERE users.deleted_at IS NULL
  AND EXISTS (
    SELECT
    FROM usage_messages AS stored
    WHERE stored.user_key = users.key
      AND stored.cost IS NULL
      AND stored.model_key IN (
          SELECT models.key FROM models JOIN unnest($1, $2) AS wanted (name, provider) USING (name, provider)
      )
  )
ORDER BY users.key
