-- Tries to sign in that have not succeeded, by the name that was typed, whether or not an account has it. Rows live for
-- about a minute.
CREATE TABLE login_attempts (
    -- SHA-256 of the name in lower case.
    name_hash bytea PRIMARY KEY CHECK (length(name_hash) = 32),
    -- Those that were let through and may still count, oldest first.
    tries timestamptz[] NOT NULL,
    -- Whether the latest try was let through: what the statement that writes the row answers.
    let_through boolean NOT NULL,
    last_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Rows that are over are found by their age.
CREATE INDEX login_attempts_last_at_idx ON login_attempts (last_at);
