-- Queues jobs whose key is new, and wakes the workers once the transaction is committed.
WITH queued AS (
    INSERT INTO jobs (id, queue, idempotency_key, payload, priority, max_attempts, created_at, run_at)
    SELECT job.id, job.queue, job.key, job.payload::jsonb, job.priority, job.max_attempts, $8, job.run_at
    FROM unnest($1, $2, $3, $4, $5, $6, $7) AS job (id, queue, key, payload, priority, max_attempts, run_at)
    ON CONFLICT (queue, idempotency_key) DO NOTHING
    RETURNING id
),
told AS (
    SELECT pg_notify('jobs', '') FROM queued LIMIT 1
)
SELECT (SELECT count(*) FROM queued), (SELECT count(pg_notify) FROM told)
