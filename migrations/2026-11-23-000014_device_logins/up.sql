-- Device logins (RFC 8628): programs that wait for a signed-in user to confirm. Rows live for minutes.
CREATE TABLE device_logins (
    -- SHA-256 of the device code, which only the program knows.
    device_code_hash bytea PRIMARY KEY CHECK (length(device_code_hash) = 32),
    -- The code that the user enters, without its dash.
    user_code text NOT NULL CONSTRAINT device_logins_user_code_key UNIQUE,
    client_name text NOT NULL,
    ip text,
    user_agent text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_polled_at timestamptz,
    -- The account that confirmed the login. Null while the login is pending, or if it is denied.
    approved_by uuid REFERENCES users ON DELETE CASCADE,
    denied boolean NOT NULL DEFAULT false
);

CREATE INDEX device_logins_expires_at_idx ON device_logins (expires_at);
