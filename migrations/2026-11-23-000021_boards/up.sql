-- Snapshots of the boards. The newest is read; the one before it gives rank changes. A refresh replaces them in one transaction, so a
-- reader never sees a part of a snapshot.
CREATE TABLE board_snapshots (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    computed_at timestamptz NOT NULL
);

-- The scores of accounts with usage: over all usage (tool and model 0), by tool and by model, each over all time, a month and a
-- week. Hidden and flagged accounts have scores too; reading statements leave them out.
CREATE TABLE board_scores (
    snapshot integer NOT NULL,
    -- A key of sources, or 0.
    tool integer NOT NULL,
    -- The lowest key of the models with one name, or 0.
    model integer NOT NULL,
    -- 1 all, 2 month, 3 week.
    period smallint NOT NULL,
    user_key integer NOT NULL,
    streak integer NOT NULL,
    models integer NOT NULL,
    -- The tool with the most tokens of all time.
    preferred_tool integer NOT NULL,
    -- The last local day with usage in the period.
    reached date NOT NULL,
    tokens bigint NOT NULL,
    reasoning bigint NOT NULL,
    -- Millionths of a percent; null below a million tokens of input.
    efficiency numeric,
    -- Millionths of the previous week's tokens; null if these were few.
    growth numeric,
    cost numeric NOT NULL,
    -- Over all usage: rank by measure (tokens, cost, streak, models, efficiency, growth, reasoning), null without one.
    ranks integer[],
    -- Over all usage: the position by measure, from 1; null for hidden accounts.
    positions integer[],
    PRIMARY KEY (snapshot, tool, model, period, user_key)
);

-- The boards over all usage by position, so that a page is read by its positions.
CREATE TABLE board_places (
    snapshot integer NOT NULL,
    measure smallint NOT NULL,
    period smallint NOT NULL,
    position integer NOT NULL,
    user_key integer NOT NULL,
    PRIMARY KEY (snapshot, measure, period, position)
);

-- Accounts that no board shows. They are few, so a page is found without reading all accounts.
CREATE INDEX users_hidden_idx ON users (key) WHERE NOT is_public OR deleted_at IS NOT NULL;

-- The accounts that boards show at the time `at`: public, not deleted and not flagged. The planner inlines the function.
CREATE FUNCTION on_boards(at timestamptz) RETURNS TABLE (id uuid, key integer)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT users.id, users.key
    FROM users
    WHERE users.deleted_at IS NULL
      AND users.is_public
      AND NOT EXISTS (
          SELECT FROM account_flags AS flag
          WHERE flag.user_id = users.id AND flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > at)
      )
$$;
