-- Which weeks people were told of: each once, whatever restarts in between.
CREATE TABLE weekly_summaries (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The Monday of the week.
    week date NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, week)
);
