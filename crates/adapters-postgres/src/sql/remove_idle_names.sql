-- The roll-ups say which machines and names have messages: there is a row as long as there is one.
WITH idle_names AS (
    DELETE FROM account_names
    WHERE user_key = (SELECT key FROM users WHERE id = $1)
      AND (kind, name_key) NOT IN (
          SELECT 1, source_key FROM usage_rollups WHERE user_key = (SELECT key FROM users WHERE id = $1)
          UNION ALL
          SELECT 2, model_key FROM usage_rollups WHERE user_key = (SELECT key FROM users WHERE id = $1)
      )
)
DELETE FROM machines
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND NOT EXISTS (
      SELECT FROM usage_rollups AS used
      WHERE used.user_key = machines.user_key AND used.machine_key = machines.key
  )
