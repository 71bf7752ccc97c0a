INSERT INTO handovers (since, machine_key, source_key)
VALUES ($1, $2, $3)
ON CONFLICT (machine_key, source_key) DO UPDATE SET since = least(handovers.since, excluded.since)
