-- The roll-ups say which machines have messages: there is a row as long as there is one.
DELETE FROM machines
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND NOT EXISTS (
      SELECT FROM usage_rollups AS used
      WHERE used.user_key = machines.user_key AND used.machine_key = machines.key
  )
