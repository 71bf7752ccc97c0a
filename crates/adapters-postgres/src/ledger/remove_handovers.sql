-- Removes the handovers of the machines of $1, of the tool $2 unless it is null.
DELETE FROM handovers
WHERE machine_key IN (SELECT key FROM machines WHERE user_key = (SELECT key FROM users WHERE id = $1))
  AND ($2 IS NULL OR source_key = (SELECT key FROM sources WHERE name = $2))
