-- Identifies the SECRET_KEY of the process that started last, so that a process with another key warns. The key cannot be computed
-- from it.
CREATE TABLE secret_key_fingerprint (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    noted_at timestamptz NOT NULL
);
