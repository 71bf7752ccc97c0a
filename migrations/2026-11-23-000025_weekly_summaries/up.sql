-- The weeks for which an account has its summary: each once, even if the worker restarts in between.
CREATE TABLE weekly_summaries (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The Monday of the week.
    week date NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, week)
);
