-- What the whole instance comes to, as the worker found it within the last hour: figures of this moment would show what one person,
-- perhaps a private one, just did.
CREATE TABLE platform_totals (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- May be more than a bigint holds.
    tokens numeric NOT NULL,
    users bigint NOT NULL,
    tools bigint NOT NULL,
    computed_at timestamptz NOT NULL
);
