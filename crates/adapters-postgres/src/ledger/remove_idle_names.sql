-- Removes machines without messages and handovers, and projects and names without messages. A roll-up exists while a message with
-- tokens does; messages without tokens have no roll-up, but they keep their machine and project.
WITH idle_names AS (
    DELETE FROM account_names
    WHERE user_key = (SELECT key FROM users WHERE id = $1)
      AND (kind, name_key) NOT IN (
          SELECT 1, source_key FROM usage_rollups WHERE user_key = (SELECT key FROM users WHERE id = $1)
          UNION ALL
          SELECT 2, model_key FROM usage_rollups WHERE user_key = (SELECT key FROM users WHERE id = $1)
      )
),
without_tokens AS (
    SELECT machine_key, project_key
    FROM usage_messages
    WHERE user_key = (SELECT key FROM users WHERE id = $1)
      AND input = 0 AND output = 0 AND cache_read = 0 AND cache_write = 0 AND (reasoning = 0 OR flags & 1 = 1)
),
idle_projects AS (
    DELETE FROM usage_projects
    WHERE user_key = (SELECT key FROM users WHERE id = $1)
      AND key NOT IN (
          SELECT project_key FROM usage_project_days WHERE user_key = (SELECT key FROM users WHERE id = $1)
          UNION ALL
          SELECT project_key FROM without_tokens
      )
)
DELETE FROM machines
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND NOT EXISTS (
      SELECT FROM usage_rollups AS used
      WHERE used.user_key = machines.user_key AND used.machine_key = machines.key
  )
  AND key NOT IN (SELECT machine_key FROM handovers)
  AND key NOT IN (SELECT machine_key FROM without_tokens)
