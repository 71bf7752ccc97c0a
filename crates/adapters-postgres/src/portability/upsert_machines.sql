INSERT INTO machines (user_key, name, last_synced_at)
SELECT users.key, machine.name, max(machine.last_synced_at)
FROM users, unnest($2, $3) AS machine (name, last_synced_at)
WHERE users.id = $1
GROUP BY users.key, machine.name
ORDER BY machine.name
ON CONFLICT (user_key, name) DO UPDATE SET last_synced_at = greatest(machines.last_synced_at, excluded.last_synced_at)
