-- What is to be done later, written in the transaction that wants it. A row stays until it is pruned, so that its key keeps
-- the same work from being asked for twice.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    -- The kind of work; each kind has its own limits.
    queue text NOT NULL,
    -- Names this piece of work within its queue.
    idempotency_key text NOT NULL,
    payload jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'dead')),
    -- Lower goes first.
    priority smallint NOT NULL,
    -- How often it was begun.
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL CHECK (max_attempts > 0),
    created_at timestamptz NOT NULL,
    -- Not before.
    run_at timestamptz NOT NULL,
    -- Which worker works on it, and until when it is believed to be alive.
    locked_by text,
    locked_until timestamptz,
    finished_at timestamptz,
    last_error text,
    CONSTRAINT jobs_idempotency_key UNIQUE (queue, idempotency_key)
);

-- What is due next.
CREATE INDEX jobs_due_idx ON jobs (queue, priority, run_at, id) WHERE status = 'pending';
-- What a worker that died left behind.
CREATE INDEX jobs_locked_until_idx ON jobs (locked_until) WHERE status = 'running';
-- What can be pruned.
CREATE INDEX jobs_finished_at_idx ON jobs (finished_at) WHERE finished_at IS NOT NULL;
