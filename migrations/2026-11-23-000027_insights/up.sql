-- What the community came to, by period (1 all, 2 month, 3 week). Replaced as a whole in one transaction.
CREATE TABLE benchmarks (
    period smallint PRIMARY KEY,
    -- How many people had usage in the period.
    people integer NOT NULL,
    created_at timestamptz NOT NULL,
    computed_at timestamptz NOT NULL
);

-- How the figures of these people are spread, by measure (1 tokens, 2 cost, 3 streak, 4 tools, 5 cache efficiency), in whole
-- units: tokens, 1e-18 USD, days, tools, millionths of a percent.
CREATE TABLE benchmark_measures (
    period smallint NOT NULL REFERENCES benchmarks,
    measure smallint NOT NULL,
    -- How many people have such a figure.
    people integer NOT NULL,
    total numeric NOT NULL,
    -- The sum of the two figures in the middle.
    doubled_median numeric NOT NULL,
    -- Up to 101 figures that lie about as many people apart, rising; how many people have less, and less or as much.
    cuts numeric[] NOT NULL,
    below integer[] NOT NULL,
    upto integer[] NOT NULL,
    PRIMARY KEY (period, measure)
);

-- Why the usage of an account is hard to believe: advice, which changes nothing by itself. Replaced by each check.
CREATE TABLE plausibility_reasons (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    -- From 1 to 100.
    score smallint NOT NULL CHECK (score BETWEEN 1 AND 100),
    message text NOT NULL,
    -- Another account that it is about; for administrators alone.
    other_id uuid REFERENCES users ON DELETE SET NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind)
);

CREATE INDEX plausibility_reasons_other_idx ON plausibility_reasons (other_id) WHERE other_id IS NOT NULL;

-- One message in sixteen, the same ones in every account, because keys are hashes: which accounts have messages in common
-- is found without a look at the rest.
CREATE INDEX usage_messages_sample_idx ON usage_messages (message_key, user_key)
    WHERE message_key < '10000000-0000-0000-0000-000000000000';
