-- The job queue. A job is written in the transaction that causes it (I12). A finished job stays until it is pruned, so that its key
-- prevents the same work from being queued again.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    -- The kind of the job; each kind has its own limits.
    queue text NOT NULL,
    -- Identifies the work within its queue.
    idempotency_key text NOT NULL,
    payload jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'dead')),
    -- Lower runs first.
    priority smallint NOT NULL,
    -- The attempts so far.
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL CHECK (max_attempts > 0),
    created_at timestamptz NOT NULL,
    -- The earliest start.
    run_at timestamptz NOT NULL,
    -- The worker that runs the job, and the end of its lease.
    locked_by text,
    locked_until timestamptz,
    finished_at timestamptz,
    last_error text,
    CONSTRAINT jobs_idempotency_key UNIQUE (queue, idempotency_key)
);

-- The next due jobs.
CREATE INDEX jobs_due_idx ON jobs (queue, priority, run_at, id) WHERE status = 'pending';
-- Running jobs whose lease has expired.
CREATE INDEX jobs_locked_until_idx ON jobs (locked_until) WHERE status = 'running';
-- Finished jobs, for pruning.
CREATE INDEX jobs_finished_at_idx ON jobs (finished_at) WHERE finished_at IS NOT NULL;
