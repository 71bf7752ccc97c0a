-- Benchmarks over all accounts by period (1 all, 2 month, 3 week). One transaction replaces all of them.
CREATE TABLE benchmarks (
    period smallint PRIMARY KEY,
    -- The accounts with usage in the period.
    people integer NOT NULL,
    created_at timestamptz NOT NULL,
    computed_at timestamptz NOT NULL
);

-- The distribution of the figures of these accounts by measure (1 tokens, 2 cost, 3 streak, 4 tools, 5 cache efficiency), in whole
-- units: tokens, 1e-18 USD, days, tools, millionths of a percent.
CREATE TABLE benchmark_measures (
    period smallint NOT NULL REFERENCES benchmarks,
    measure smallint NOT NULL,
    -- The accounts with such a figure.
    people integer NOT NULL,
    total numeric NOT NULL,
    -- The sum of the two figures in the middle.
    doubled_median numeric NOT NULL,
    -- Up to 101 ascending cuts, with about equal numbers of accounts between them; per cut, the accounts below it, and the accounts
    -- up to it.
    cuts numeric[] NOT NULL,
    below integer[] NOT NULL,
    upto integer[] NOT NULL,
    PRIMARY KEY (period, measure)
);

-- Evidence of implausible usage. It is a hint and changes nothing by itself. Each check replaces it.
CREATE TABLE plausibility_reasons (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    -- From 1 to 100.
    score smallint NOT NULL CHECK (score BETWEEN 1 AND 100),
    message text NOT NULL,
    -- Another account that the evidence concerns; only administrators see it.
    other_id uuid REFERENCES users ON DELETE SET NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind)
);

CREATE INDEX plausibility_reasons_other_idx ON plausibility_reasons (other_id) WHERE other_id IS NOT NULL;

-- A sample of one message in sixteen. Keys are hashes, so it is the same sample in every account, and finds accounts with messages in
-- common without reading the others.
CREATE INDEX usage_messages_sample_idx ON usage_messages (message_key, user_key)
    WHERE message_key < '10000000-0000-0000-0000-000000000000';
