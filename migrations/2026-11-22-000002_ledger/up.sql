-- Dictionaries: names that many rows share, stored once.
CREATE TABLE sources (
    key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT sources_name_key UNIQUE
);

CREATE TABLE models (
    key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    -- The provider that served the model, '' if the client does not name it; part of the key because it helps to find the price.
    provider text NOT NULL,
    CONSTRAINT models_name_key UNIQUE (name, provider)
);

CREATE TABLE machines (
    key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_key integer NOT NULL,
    name text NOT NULL,
    last_synced_at timestamptz NOT NULL,
    CONSTRAINT machines_name_key UNIQUE (user_key, name)
);

-- The ledger: one row per message. Columns are ordered by alignment. There are no foreign keys: each would cost a lookup
-- per row, and rows are only written under the lock of their owner's usage_totals row. The primary key starts with the
-- owner, so the table can be partitioned by hash of user_key without a change of any statement.
CREATE TABLE usage_messages (
    -- The first 128 bits of the SHA-256 of the message's id.
    message_key uuid NOT NULL,
    at timestamptz NOT NULL,
    input bigint NOT NULL,
    output bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    reasoning bigint NOT NULL,
    user_key integer NOT NULL,
    source_key integer NOT NULL,
    model_key integer NOT NULL,
    machine_key integer NOT NULL,
    -- Bit 0: the reasoning is part of the output. Bit 1: the cost is estimated.
    flags smallint NOT NULL,
    -- In USD; null if no price is known.
    cost numeric,
    PRIMARY KEY (user_key, source_key, message_key)
);

-- The messages that the worker prices once the book knows their model.
CREATE INDEX usage_messages_unpriced_idx ON usage_messages (model_key) WHERE cost IS NULL;

-- The tables below are derived from the ledger in the same transaction, and equal a fold over it.
CREATE TABLE usage_rollups (
    user_key integer NOT NULL,
    day date NOT NULL,
    source_key integer NOT NULL,
    model_key integer NOT NULL,
    machine_key integer NOT NULL,
    messages bigint NOT NULL,
    tokens bigint NOT NULL,
    input bigint NOT NULL,
    output bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write bigint NOT NULL,
    reasoning bigint NOT NULL,
    unpriced_tokens bigint NOT NULL,
    unpriced_messages bigint NOT NULL,
    estimated_messages bigint NOT NULL,
    cost numeric NOT NULL,
    PRIMARY KEY (user_key, day, source_key, model_key, machine_key)
) WITH (fillfactor = 90);

CREATE TABLE usage_days (
    user_key integer NOT NULL,
    day date NOT NULL,
    messages bigint NOT NULL,
    tokens bigint NOT NULL,
    input bigint NOT NULL,
    output bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write bigint NOT NULL,
    reasoning bigint NOT NULL,
    unpriced_tokens bigint NOT NULL,
    unpriced_messages bigint NOT NULL,
    estimated_messages bigint NOT NULL,
    cost numeric NOT NULL,
    PRIMARY KEY (user_key, day)
) WITH (fillfactor = 90);

CREATE TABLE usage_hours (
    user_key integer NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    messages bigint NOT NULL,
    tokens bigint NOT NULL,
    PRIMARY KEY (user_key, day, hour)
) WITH (fillfactor = 90);

-- One row per account, inserted with it. The row's lock is the account lock (I1).
CREATE TABLE usage_totals (
    user_key integer PRIMARY KEY REFERENCES users (key) ON DELETE CASCADE,
    active_days integer NOT NULL DEFAULT 0,
    longest_streak integer NOT NULL DEFAULT 0,
    achievements integer NOT NULL DEFAULT 0,
    -- XP awarded for events, in hundredths.
    event_xp bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    input bigint NOT NULL DEFAULT 0,
    output bigint NOT NULL DEFAULT 0,
    cache_read bigint NOT NULL DEFAULT 0,
    cache_write bigint NOT NULL DEFAULT 0,
    reasoning bigint NOT NULL DEFAULT 0,
    unpriced_tokens bigint NOT NULL DEFAULT 0,
    unpriced_messages bigint NOT NULL DEFAULT 0,
    estimated_messages bigint NOT NULL DEFAULT 0,
    cost numeric NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- For existing accounts, if this migration was reverted and runs again.
INSERT INTO usage_totals (user_key) SELECT key FROM users;
