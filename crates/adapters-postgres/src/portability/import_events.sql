INSERT INTO progress_events (user_id, reason, xp, created_at)
SELECT $1, past.reason, past.xp, past.created_at
FROM unnest($2, $3, $4) AS past (reason, xp, created_at)
