-- The boards whose order a refresh stores. A board that is not listed is ranked when it is read.
CREATE TABLE boards (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    snapshot integer NOT NULL,
    -- A key of sources, or 0.
    tool integer NOT NULL,
    -- The lowest key of the models with one name, or 0.
    model integer NOT NULL,
    -- 1 tokens, 2 cost, 3 streak, 4 models, 5 efficiency, 6 growth, 7 reasoning.
    measure smallint NOT NULL,
    -- 1 all, 2 month, 3 week.
    period smallint NOT NULL,
    -- The accounts with a position.
    total integer NOT NULL,
    UNIQUE (snapshot, tool, model, measure, period)
);

-- The entries of the boards over all usage by position, with all that a page shows of them except the profile. It is read from the
-- account, which may have been hidden or renamed since. Replaces board_places.
CREATE TABLE board_entries (
    board integer NOT NULL,
    position integer NOT NULL,
    user_key integer NOT NULL,
    rank integer NOT NULL,
    -- The rank at the previous refresh; null without one.
    before integer,
    streak integer NOT NULL,
    -- The tool with the most tokens of all time.
    preferred_tool integer NOT NULL,
    followers integer NOT NULL,
    tokens bigint NOT NULL,
    -- What the level follows from.
    lifetime_tokens bigint NOT NULL,
    active_days integer NOT NULL,
    event_xp bigint NOT NULL,
    score numeric NOT NULL,
    cost numeric NOT NULL,
    PRIMARY KEY (board, position)
);

-- The accounts that boards show at the time `at`, with their profiles: public, not deleted and not flagged. The planner inlines both
-- functions.
CREATE FUNCTION accounts_on_boards(at timestamptz) RETURNS SETOF users
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT users.*
    FROM users
    WHERE users.deleted_at IS NULL
      AND users.is_public
      AND NOT EXISTS (
          SELECT FROM account_flags AS flag
          WHERE flag.user_id = users.id AND flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > at)
      )
$$;

CREATE OR REPLACE FUNCTION on_boards(at timestamptz) RETURNS TABLE (id uuid, key integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT shown.id, shown.key FROM accounts_on_boards(at) AS shown
$$;
