-- How attempts of $1 ended, at $6. What $1 does not hold any more is left alone.
UPDATE jobs
SET status = ending.status,
    run_at = coalesce(ending.run_at, jobs.run_at),
    attempts = CASE WHEN ending.counts THEN attempts ELSE attempts - 1 END,
    last_error = ending.error,
    finished_at = CASE WHEN ending.status = 'pending' THEN NULL ELSE $6 END,
    locked_by = NULL, locked_until = NULL
FROM unnest($2, $3, $4, $5, $7) AS ending (id, status, run_at, error, counts)
WHERE jobs.id = ending.id AND jobs.status = 'running' AND jobs.locked_by = $1
