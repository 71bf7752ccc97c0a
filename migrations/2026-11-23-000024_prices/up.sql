-- What is known of prices beyond the book that ships with the programs. A row is added and never changed or removed, except
-- that the account of who decided may go.
CREATE TABLE price_rows (
    -- In the order in which they came to be known.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Whence: the live table, or an administrator.
    origin text NOT NULL CHECK (origin IN ('live', 'override')),
    model text NOT NULL,
    -- '' in an override is any provider.
    provider text NOT NULL,
    valid_from timestamptz NOT NULL,
    -- In the notation of the price book; null where an administrator ends an override.
    prices text,
    created_at timestamptz NOT NULL,
    -- Who decided, for an override; null once that account is gone.
    decided_by uuid REFERENCES users ON DELETE SET NULL,
    reason text,
    CHECK (origin = 'override' OR (prices IS NOT NULL AND provider <> '' AND decided_by IS NULL AND reason IS NULL)),
    CHECK (origin = 'live' OR reason IS NOT NULL)
);

CREATE UNIQUE INDEX price_rows_live_key ON price_rows (model, provider, valid_from) WHERE origin = 'live';

-- One row: which edition of the book is stored, and what is known of the table it came from. Whoever changes prices locks it.
CREATE TABLE price_book (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- Rises with every change of price_rows.
    edition bigint NOT NULL DEFAULT 0,
    -- Where the last good table was fetched, what its server called that edition of it, and how many models it priced.
    source text,
    etag text,
    listed bigint
);

INSERT INTO price_book DEFAULT VALUES;

-- Every attempt to bring the book up to date.
CREATE TABLE price_updates (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    source text NOT NULL,
    etag text,
    outcome text NOT NULL CHECK (outcome IN ('applied', 'unchanged', 'refused', 'failed')),
    -- Why the table as a whole was refused, or could not be had.
    reason text,
    -- Models with a usable price.
    listed bigint NOT NULL,
    -- Models the book did not know.
    added bigint NOT NULL,
    -- Models whose price is another than before.
    changed bigint NOT NULL,
    -- Entries that were refused, and the first of them with the reason for each.
    refused bigint NOT NULL,
    refusals text[] NOT NULL
);

CREATE INDEX price_updates_at_idx ON price_updates (at);

-- Whose messages got a price that they had not, and by which edition of the book.
CREATE TABLE repricings (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    edition bigint NOT NULL,
    -- Of the last part of it.
    at timestamptz NOT NULL,
    messages bigint NOT NULL,
    -- In USD.
    cost numeric NOT NULL,
    PRIMARY KEY (user_id, edition)
);

-- Finds accounts with messages that have no price, and pages through these. Nearly empty, as usage_messages_unpriced_idx is.
CREATE INDEX usage_messages_unpriced_account_idx
    ON usage_messages (user_key, source_key, message_key) WHERE cost IS NULL;
