-- Prices beyond the shipped book. Rows are only added. The exception: `decided_by` becomes null when the administrator's account is
-- purged.
CREATE TABLE price_rows (
    -- In the order of insertion.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The live table, or an override by an administrator.
    origin text NOT NULL CHECK (origin IN ('live', 'override')),
    model text NOT NULL,
    -- '' in an override stands for any provider.
    provider text NOT NULL,
    valid_from timestamptz NOT NULL,
    -- In the notation of the price book; null in a row that ends an override.
    prices text,
    created_at timestamptz NOT NULL,
    -- The administrator of an override; null once that account is purged.
    decided_by uuid REFERENCES users ON DELETE SET NULL,
    reason text,
    CHECK (origin = 'override' OR (prices IS NOT NULL AND provider <> '' AND decided_by IS NULL AND reason IS NULL)),
    CHECK (origin = 'live' OR reason IS NOT NULL)
);

CREATE UNIQUE INDEX price_rows_live_key ON price_rows (model, provider, valid_from) WHERE origin = 'live';

-- One row: the edition of the book, and the live table that it was last updated from. A transaction that changes prices locks it.
CREATE TABLE price_book (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- Incremented with every change of price_rows.
    edition bigint NOT NULL DEFAULT 0,
    -- The URL and the ETag of the last accepted table, and the number of models that it priced.
    source text,
    etag text,
    listed bigint
);

INSERT INTO price_book DEFAULT VALUES;

-- All attempts to update the book.
CREATE TABLE price_updates (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    source text NOT NULL,
    etag text,
    outcome text NOT NULL CHECK (outcome IN ('applied', 'unchanged', 'refused', 'failed')),
    -- The reason why the table was refused or could not be fetched.
    reason text,
    -- Models with a usable price.
    listed bigint NOT NULL,
    -- Models that the book did not know.
    added bigint NOT NULL,
    -- Models whose price changed.
    changed bigint NOT NULL,
    -- The number of refused entries, and the first of them with their reasons.
    refused bigint NOT NULL,
    refusals text[] NOT NULL
);

CREATE INDEX price_updates_at_idx ON price_updates (at);

-- Re-pricings: the messages of an account that got their first price from an edition of the book.
CREATE TABLE repricings (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    edition bigint NOT NULL,
    -- The time of the last batch.
    at timestamptz NOT NULL,
    messages bigint NOT NULL,
    -- In USD.
    cost numeric NOT NULL,
    PRIMARY KEY (user_id, edition)
);

-- Finds accounts with messages without a price, and pages through these messages. Nearly empty, as usage_messages_unpriced_idx is.
CREATE INDEX usage_messages_unpriced_account_idx
    ON usage_messages (user_key, source_key, message_key) WHERE cost IS NULL;
