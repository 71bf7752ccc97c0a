-- The boards as a refresh found them. The newest is read; the one before it says who climbed. Both change in the
-- transaction of a refresh, so nobody sees half of one.
CREATE TABLE board_snapshots (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    computed_at timestamptz NOT NULL
);

-- What everybody with usage came to: over all of it (tool and model 0), with one tool, with one model, each over all time,
-- a month and a week. Private and flagged people are here too; statements that read leave them out.
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
    -- Millionths of what the week before came to; null where that was little.
    growth numeric,
    cost numeric NOT NULL,
    -- Over all usage: rank by measure (tokens, cost, streak, models, efficiency, growth, reasoning), null where there is none.
    ranks integer[],
    -- Over all usage: the place in line by measure, from 1; null for those who were hidden.
    positions integer[],
    PRIMARY KEY (snapshot, tool, model, period, user_key)
);

-- The boards over all usage in their order, so that any page is found by its place.
CREATE TABLE board_places (
    snapshot integer NOT NULL,
    measure smallint NOT NULL,
    period smallint NOT NULL,
    position integer NOT NULL,
    user_key integer NOT NULL,
    PRIMARY KEY (snapshot, measure, period, position)
);

-- Those whom no board shows: few, so that a page is found without a look at everybody.
CREATE INDEX users_hidden_idx ON users (key) WHERE NOT is_public OR deleted_at IS NOT NULL;

-- The people whom boards show at some time: public, not deleted, not kept off by an administrator. The planner puts the
-- text in the place of the call.
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
