-- What happened to people, for those who follow them.
CREATE TABLE activities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    -- The transaction that wrote the row, and the oldest one that was under way then. Rows become visible in the order of
    -- commits, which no clock and no sequence knows: what was committed after a row was read has a transaction that is
    -- not older than that row's horizon.
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    horizon xid8 NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot())
);

-- A person's newest activities.
CREATE INDEX activities_user_id_idx ON activities (user_id, created_at DESC, id DESC);
