-- Gives $1 up to $5 jobs that are due at $2, for $6 seconds: of each queue of $3 as many as $4 says. Rows that somebody else
-- takes at this moment are passed over, so nobody waits and no job is given twice.
WITH due AS (
    SELECT picked.id
    FROM unnest($3, $4) AS room (queue, jobs)
    CROSS JOIN LATERAL (
        SELECT jobs.id, jobs.priority, jobs.run_at
        FROM jobs
        WHERE jobs.queue = room.queue AND jobs.status = 'pending' AND jobs.run_at <= $2
        ORDER BY jobs.priority, jobs.run_at, jobs.id
        LIMIT room.jobs
        FOR UPDATE SKIP LOCKED
    ) AS picked
    ORDER BY picked.priority, picked.run_at, picked.id
    LIMIT $5
)
UPDATE jobs
SET status = 'running', attempts = attempts + 1, locked_by = $1,
    locked_until = clock_timestamp() + make_interval(secs => $6)
FROM due
WHERE jobs.id = due.id
RETURNING jobs.id, jobs.queue, jobs.payload::text, jobs.attempts, jobs.max_attempts, jobs.priority, jobs.run_at
