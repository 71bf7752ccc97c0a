-- The activities of accounts, which the feeds of their followers show.
CREATE TABLE activities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    -- The transaction that wrote the row, and the oldest one that was open then. Rows become visible in the order of commits,
    -- which no clock and no sequence reflects. A row that is committed after this row was read has a transaction that is not older
    -- than this row's horizon.
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    horizon xid8 NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot())
);

-- The newest activities of an account.
CREATE INDEX activities_user_id_idx ON activities (user_id, created_at DESC, id DESC);
