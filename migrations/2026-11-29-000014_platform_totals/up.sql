-- The totals of the instance, which the worker computes hourly: current totals would reveal the activity of single accounts, also of
-- private ones.
CREATE TABLE platform_totals (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- May be more than a bigint holds.
    tokens numeric NOT NULL,
    users bigint NOT NULL,
    tools bigint NOT NULL,
    computed_at timestamptz NOT NULL
);
