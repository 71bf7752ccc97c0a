-- Usage of one account by machine: the $2 machines that synced last, with the number and the tokens of all.
SELECT
    machines.name, machines.last_synced_at,
    coalesce(sum(used.tokens), 0)::bigint AS tokens, coalesce(sum(used.cost), 0) AS cost,
    count(*) OVER () AS list_rows, clamped(coalesce(sum(sum(used.tokens)) OVER (), 0)) AS list_tokens
FROM machines
LEFT JOIN usage_rollups AS used ON used.user_key = machines.user_key AND used.machine_key = machines.key
WHERE machines.user_key = (SELECT key FROM users WHERE id = $1)
GROUP BY machines.key
ORDER BY machines.last_synced_at DESC, machines.name
LIMIT $2
