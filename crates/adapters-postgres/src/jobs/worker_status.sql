-- The number of workers alive, when the latest one was seen, and for how many seconds the oldest due job of the kinds $1 has been due.
SELECT
    (SELECT count(*) FROM worker_heartbeats WHERE alive_until > clock_timestamp()) AS workers,
    (SELECT max(seen_at) FROM worker_heartbeats) AS last_seen_at,
    (
        SELECT extract(epoch FROM clock_timestamp() - min(oldest.run_at))::double precision
        FROM unnest($1) AS kind (queue)
        CROSS JOIN LATERAL (
            -- The jobs of a kind have one priority, so the first in the order of the index is the oldest: ten rows are read,
            -- however many wait.
            SELECT jobs.run_at
            FROM jobs
            WHERE jobs.queue = kind.queue AND jobs.status = 'pending'
            ORDER BY jobs.priority, jobs.run_at
            LIMIT 1
        ) AS oldest
        WHERE oldest.run_at <= clock_timestamp()
    ) AS oldest_due_seconds
