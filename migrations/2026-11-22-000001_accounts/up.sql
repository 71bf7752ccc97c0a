CREATE TABLE users (
    id uuid PRIMARY KEY,
    -- The account key: stands for the account in the ledger with 4 bytes a row instead of 16.
    key integer GENERATED ALWAYS AS IDENTITY CONSTRAINT users_key_key UNIQUE,
    username text NOT NULL,
    -- In lower case; null if the provider of the account has verified none.
    email text CONSTRAINT users_email_key UNIQUE,
    email_verified boolean NOT NULL DEFAULT false,
    password_hash text,
    name text,
    bio text,
    location text,
    region text CHECK (region IN ('NA', 'EU', 'APAC', 'SA', 'AF', 'OCE')),
    website_url text,
    image text,
    is_public boolean NOT NULL DEFAULT true,
    is_admin boolean NOT NULL DEFAULT false,
    -- An IANA name; null counts as UTC until the user or a sync sets one.
    timezone text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz
);

-- Usernames are ASCII, so lower() folds them as the domain does.
CREATE UNIQUE INDEX users_username_key ON users (lower(username));

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- SHA-256 of the token, which is never stored.
    token_hash bytea NOT NULL CONSTRAINT sessions_token_hash_key UNIQUE CHECK (length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    ip text,
    user_agent text
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
