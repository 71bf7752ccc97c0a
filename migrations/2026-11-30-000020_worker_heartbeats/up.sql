-- The signs of life of workers. A worker updates its row whenever it renews its leases; it has a new name after each start.
CREATE TABLE worker_heartbeats (
    worker text PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    -- A worker counts as alive as long as a lease would last. An orderly shutdown ends this time at once.
    alive_until timestamptz NOT NULL
);
