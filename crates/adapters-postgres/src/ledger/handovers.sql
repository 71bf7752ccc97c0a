SELECT machines.name AS machine, sources.name AS source, handovers.since
FROM handovers
JOIN machines ON machines.key = handovers.machine_key
JOIN sources ON sources.key = handovers.source_key
WHERE machines.user_key = (SELECT key FROM users WHERE id = $1)
ORDER BY machines.name, sources.name
