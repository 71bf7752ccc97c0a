-- Permissions to create one account.
CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    -- SHA-256 of the token, which is never stored.
    token_hash bytea NOT NULL CONSTRAINT invitations_token_hash_key UNIQUE CHECK (length(token_hash) = 32),
    -- The only address that it permits; null permits any.
    email text,
    -- Whether the new account becomes an administrator.
    is_for_administrator boolean NOT NULL,
    -- The administrator; null for the operator.
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- The account. Its purge removes the invitation, which may name its address.
    used_by uuid REFERENCES users ON DELETE CASCADE
);

CREATE INDEX invitations_created_at_idx ON invitations (created_at DESC, id DESC);
-- For the foreign keys, when an account is purged.
CREATE INDEX invitations_created_by_idx ON invitations (created_by) WHERE created_by IS NOT NULL;
CREATE INDEX invitations_used_by_idx ON invitations (used_by) WHERE used_by IS NOT NULL;

-- An invitation is a subject of the audit log.
ALTER TABLE audit_log
    DROP CONSTRAINT audit_log_subject_kind_check,
    ADD CONSTRAINT audit_log_subject_kind_check CHECK (subject_kind IN ('user', 'model', 'job', 'boards', 'invitation'));
