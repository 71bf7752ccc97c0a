INSERT INTO machines (user_key, name, last_synced_at)
SELECT key, $2, $3 FROM users WHERE id = $1
ON CONFLICT (user_key, name) DO UPDATE SET last_synced_at = greatest(machines.last_synced_at, excluded.last_synced_at)
RETURNING key
