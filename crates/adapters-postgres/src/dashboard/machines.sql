-- Usage of one account by machine, the last synced first, the first $2 of them, beside how many there are and their tokens.
SELECT machines.name, machines.last_synced_at, coalesce(sum(used.tokens), 0)::bigint, coalesce(sum(used.cost), 0),
    count(*) OVER (), clamped(coalesce(sum(sum(used.tokens)) OVER (), 0))
FROM machines
LEFT JOIN usage_rollups AS used ON used.user_key = machines.user_key AND used.machine_key = machines.key
WHERE machines.user_key = (SELECT key FROM users WHERE id = $1)
GROUP BY machines.key
ORDER BY machines.last_synced_at DESC, machines.name
LIMIT $2
