INSERT INTO progress_events (user_id, reason, xp, created_at)
SELECT $1, event.reason, event.xp, $4
FROM unnest($2, $3) AS event (reason, xp)
