-- Programs that wait for somebody to confirm their sign-in elsewhere (in the manner of RFC 8628). Rows live for minutes.
CREATE TABLE device_logins (
    -- SHA-256 of the device code, which only the program knows.
    device_code_hash bytea PRIMARY KEY CHECK (length(device_code_hash) = 32),
    -- What a person types, without its dash.
    user_code text NOT NULL CONSTRAINT device_logins_user_code_key UNIQUE,
    client_name text NOT NULL,
    ip text,
    user_agent text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_polled_at timestamptz,
    -- Who said yes; together with denied: nobody has answered yet, or somebody said no.
    approved_by uuid REFERENCES users ON DELETE CASCADE,
    denied boolean NOT NULL DEFAULT false
);

CREATE INDEX device_logins_expires_at_idx ON device_logins (expires_at);
