-- Leases up to $5 jobs that are due at $2 to the worker $1, for $6 seconds: from each queue of $3 at most the number beside it in
-- $4. Locked rows are skipped, so workers do not wait and no job is leased twice.
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
