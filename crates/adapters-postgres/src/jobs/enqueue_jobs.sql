-- Queues jobs with new keys, and wakes the workers when the transaction commits. Returns the number of new jobs.
WITH queued AS (
    INSERT INTO jobs (id, queue, idempotency_key, payload, priority, max_attempts, created_at, run_at)
    SELECT job.id, job.queue, job.key, job.payload::jsonb, job.priority, job.max_attempts, $8, job.run_at
    FROM unnest($1, $2, $3, $4, $5, $6, $7) AS job (id, queue, key, payload, priority, max_attempts, run_at)
    ON CONFLICT (queue, idempotency_key) DO NOTHING
    RETURNING id
),
notified AS (
    SELECT pg_notify('jobs', '') FROM queued LIMIT 1
)
SELECT (SELECT count(*) FROM queued) AS value, (SELECT count(pg_notify) FROM notified)
