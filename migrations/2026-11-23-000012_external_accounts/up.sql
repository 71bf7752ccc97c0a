-- The accounts at providers, such as GitHub, that people sign in through.
CREATE TABLE external_accounts (
    provider text NOT NULL,
    -- Names the account there for good; a login may change and pass to somebody else.
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    login text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (provider, subject),
    CONSTRAINT external_accounts_user_key UNIQUE (user_id, provider)
);
