CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    data jsonb NOT NULL,
    -- Names the subject, so that an account is notified of it once (I5).
    dedup_key text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    CONSTRAINT notifications_dedup_key UNIQUE (user_id, dedup_key)
);

CREATE INDEX notifications_user_id_idx ON notifications (user_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread_idx ON notifications (user_id, created_at DESC, id DESC) WHERE read_at IS NULL;

-- The chosen channels of a kind of notification; without a row, the kind has its default channels.
CREATE TABLE notification_preferences (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    in_app boolean NOT NULL,
    email boolean NOT NULL,
    PRIMARY KEY (user_id, kind)
);
