-- Flags: decisions of administrators that keep accounts off the boards. A flag is in force until it is lifted or expires.
CREATE TABLE account_flags (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    reason text NOT NULL,
    -- The administrator; null once that account is purged.
    flagged_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    -- Null if the flag does not expire.
    expires_at timestamptz,
    lifted_at timestamptz
);

-- An account has at most one flag that is not lifted.
CREATE UNIQUE INDEX account_flags_standing_key ON account_flags (user_id) WHERE lifted_at IS NULL;
