-- Linked accounts at providers, such as GitHub, for sign-in.
CREATE TABLE external_accounts (
    provider text NOT NULL,
    -- The provider's permanent id of the account; a login can change and pass to another account.
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    login text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (provider, subject),
    CONSTRAINT external_accounts_user_key UNIQUE (user_id, provider)
);
