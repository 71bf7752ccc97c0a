-- Failed and unfinished logins by the given name, whether or not an account has it. Rows live for about a minute.
CREATE TABLE login_attempts (
    -- SHA-256 of the name in lower case.
    name_hash bytea PRIMARY KEY CHECK (length(name_hash) = 32),
    -- The times of admitted attempts that can still count, oldest first.
    tries timestamptz[] NOT NULL,
    -- Whether the latest attempt was admitted. The statement that writes the row returns it.
    let_through boolean NOT NULL,
    last_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Finds expired rows.
CREATE INDEX login_attempts_last_at_idx ON login_attempts (last_at);
