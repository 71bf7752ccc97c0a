-- The ranks of accounts by day (in UTC), as of the last refresh of the day.
CREATE TABLE rank_history (
    user_key integer NOT NULL,
    day date NOT NULL,
    -- By tokens, cost and streak over all time, then over a month, then over a week; null without one.
    ranks integer[] NOT NULL,
    PRIMARY KEY (user_key, day)
) WITH (fillfactor = 70);

-- Finds expired rows. Rows are inserted in the order of days.
CREATE INDEX rank_history_day_idx ON rank_history USING brin (day) WITH (pages_per_range = 16);

-- The best rank ever on the board of all time by tokens.
CREATE TABLE best_ranks (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    rank integer NOT NULL CHECK (rank > 0),
    -- The best rank that was announced and rewarded; null if none was.
    settled integer
) WITH (fillfactor = 70);

-- Accounts whose best rank is not settled.
CREATE INDEX best_ranks_unsettled_idx ON best_ranks (rank) WHERE settled IS NULL OR settled > rank;

-- Seasons: the frozen rankings of calendar months that have ended in all zones. A row never changes (I8).
CREATE TABLE seasons (
    -- The first day of the month.
    month date PRIMARY KEY,
    frozen_at timestamptz NOT NULL,
    -- The ranked accounts, including those beyond the first hundred.
    people integer NOT NULL
);

CREATE TABLE season_entries (
    month date NOT NULL REFERENCES seasons,
    position integer NOT NULL,
    rank integer NOT NULL,
    user_key integer NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    tokens bigint NOT NULL,
    cost numeric NOT NULL,
    PRIMARY KEY (month, position)
);

CREATE INDEX season_entries_user_key_idx ON season_entries (user_key);
