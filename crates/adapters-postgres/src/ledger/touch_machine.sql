-- Stores that the machine $2 of $1 syncs at $3 and whether it sends tokens ($5), unless it would be one more than $4. Returns
-- its key and the start of its handover of the tool $6.
INSERT INTO machines (user_key, name, last_synced_at, has_usage)
SELECT key, $2, $3, $5
FROM users
WHERE id = $1
  AND (
      EXISTS (SELECT FROM machines WHERE user_key = users.key AND name = $2)
      OR (SELECT count(*) FROM machines WHERE user_key = users.key) < $4
  )
ON CONFLICT (user_key, name) DO UPDATE SET
    last_synced_at = greatest(machines.last_synced_at, excluded.last_synced_at),
    has_usage = machines.has_usage OR excluded.has_usage
RETURNING
    key,
    (
        SELECT since FROM handovers
        WHERE machine_key = machines.key AND source_key = (SELECT key FROM sources WHERE name = $6)
    ) AS since
