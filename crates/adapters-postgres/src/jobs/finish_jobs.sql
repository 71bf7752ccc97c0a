-- Stores the outcomes of attempts of the worker $1 at $6, for jobs whose lease it still has.
UPDATE jobs
SET status = outcome.status,
    run_at = coalesce(outcome.run_at, jobs.run_at),
    attempts = CASE WHEN outcome.counts THEN attempts ELSE attempts - 1 END,
    last_error = outcome.error,
    finished_at = CASE WHEN outcome.status = 'pending' THEN NULL ELSE $6 END,
    locked_by = NULL, locked_until = NULL
FROM unnest($2, $3, $4, $5, $7) AS outcome (id, status, run_at, error, counts)
WHERE jobs.id = outcome.id AND jobs.status = 'running' AND jobs.locked_by = $1
