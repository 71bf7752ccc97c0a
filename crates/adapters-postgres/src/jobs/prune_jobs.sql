-- Removes up to $3 jobs that were done before $1 or dead before $2.
DELETE FROM jobs
WHERE id IN (
    SELECT id FROM jobs
    WHERE finished_at < greatest($1, $2)
      AND ((status = 'done' AND finished_at < $1) OR (status = 'dead' AND finished_at < $2))
    ORDER BY finished_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
