-- Renews the leases of the worker $1 for $3 seconds, and the sign of its life. Jobs of other workers whose lease has expired become
-- pending, or dead at $2 after their last attempt; locked rows are skipped. Returns their number.
WITH renewed AS (
    UPDATE jobs SET locked_until = clock_timestamp() + make_interval(secs => $3)
    WHERE status = 'running' AND locked_by = $1
),
heartbeat AS (
    INSERT INTO worker_heartbeats (worker, seen_at, alive_until)
    VALUES ($1, clock_timestamp(), clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (worker) DO UPDATE SET seen_at = excluded.seen_at, alive_until = excluded.alive_until
),
-- Workers that ended long ago.
forgotten AS (
    DELETE FROM worker_heartbeats
    WHERE worker IN (
        SELECT worker FROM worker_heartbeats
        WHERE worker <> $1 AND alive_until < clock_timestamp() - interval '1 day'
        FOR UPDATE SKIP LOCKED
    )
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
        last_error = 'the lease expired',
        locked_by = NULL, locked_until = NULL
    FROM left_behind
    WHERE jobs.id = left_behind.id
    RETURNING jobs.id
)
SELECT count(*) AS value FROM taken
