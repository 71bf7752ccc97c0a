-- Returns the jobs of the worker $1 to the queue without counting the attempt, and ends the time in which the worker counts as alive.
-- Returns the number of jobs.
WITH released AS (
    UPDATE jobs SET status = 'pending', attempts = attempts - 1, locked_by = NULL, locked_until = NULL
    WHERE status = 'running' AND locked_by = $1
    RETURNING id
),
ended AS (
    UPDATE worker_heartbeats SET alive_until = least(alive_until, clock_timestamp()) WHERE worker = $1
)
SELECT count(*) AS value FROM released
