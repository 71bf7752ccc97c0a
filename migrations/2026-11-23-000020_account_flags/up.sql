-- Accounts that an administrator keeps off the boards. A row counts while it is neither lifted nor over.
CREATE TABLE account_flags (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    reason text NOT NULL,
    -- Who decided; null once that account is gone.
    flagged_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    -- Null: until it is lifted.
    expires_at timestamptz,
    lifted_at timestamptz
);

-- One decision at a time stands.
CREATE UNIQUE INDEX account_flags_standing_key ON account_flags (user_id) WHERE lifted_at IS NULL;
