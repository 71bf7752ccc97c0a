-- Where people stood, once per day of the last refresh on it (in UTC).
CREATE TABLE rank_history (
    user_key integer NOT NULL,
    day date NOT NULL,
    -- By tokens, cost and streak over all time, then over a month, then over a week; null where there was none.
    ranks integer[] NOT NULL,
    PRIMARY KEY (user_key, day)
) WITH (fillfactor = 70);

-- What is old enough to be removed. Rows come in the order of their days.
CREATE INDEX rank_history_day_idx ON rank_history USING brin (day) WITH (pages_per_range = 16);

-- The best rank ever on the board of all time by tokens.
CREATE TABLE best_ranks (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    rank integer NOT NULL CHECK (rank > 0),
    -- The best rank that its owner was told of and paid for; null when there was none.
    settled integer
) WITH (fillfactor = 70);

-- Who has something coming.
CREATE INDEX best_ranks_unsettled_idx ON best_ranks (rank) WHERE settled IS NULL OR settled > rank;

-- Calendar months that are over everywhere. What is here is never written again.
CREATE TABLE seasons (
    -- The first day.
    month date PRIMARY KEY,
    frozen_at timestamptz NOT NULL,
    -- How many people were ranked, those beyond the first hundred included.
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
