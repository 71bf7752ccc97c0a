-- Renews the leases of $1 for $3 seconds, and takes the jobs of others whose lease is over from them: they wait again, or
-- are given up at $2 after their last attempt. A row that somebody else changes at this moment is passed over.
WITH renewed AS (
    UPDATE jobs SET locked_until = clock_timestamp() + make_interval(secs => $3)
    WHERE status = 'running' AND locked_by = $1
),
left_behind AS (
    SELECT id FROM jobs
    WHERE status = 'running' AND locked_by <> $1 AND locked_until < clock_timestamp()
    FOR UPDATE SKIP LOCKED
),
taken AS (
    UPDATE jobs
    SET status = CASE WHEN attempts < max_attempts THEN 'pending' ELSE 'dead' END,
        finished_at = CASE WHEN attempts < max_attempts THEN NULL ELSE $2 END,
        last_error = 'the worker that had it went away',
        locked_by = NULL, locked_until = NULL
    FROM left_behind
    WHERE jobs.id = left_behind.id
    RETURNING jobs.id
)
SELECT count(*) FROM taken
