-- Tokens of programs. Unlike a session, a token has a name and scopes, which limit what it can do.
CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- SHA-256 of the token, which is never stored.
    token_hash bytea NOT NULL CONSTRAINT api_tokens_token_hash_key UNIQUE CHECK (length(token_hash) = 32),
    name text NOT NULL,
    may_sync boolean NOT NULL,
    may_read boolean NOT NULL,
    created_at timestamptz NOT NULL,
    -- Null if it does not expire.
    expires_at timestamptz,
    last_used_at timestamptz
);

CREATE INDEX api_tokens_user_id_idx ON api_tokens (user_id, created_at DESC, id DESC);
