-- A part of the board over all usage, of the measure $1 and the period $2: $4 entries after $3 others, as $5 sees it at $6, and
-- the entry of $5.
WITH
latest AS MATERIALIZED (
    SELECT id, lead(id) OVER (ORDER BY id DESC) AS before, computed_at FROM board_snapshots ORDER BY id DESC LIMIT 1
),
scope AS (
    SELECT 0 AS tool, 0 AS model
),
-- The positions of accounts that were hidden since the refresh. Hidden accounts may be one in three, but only these have a
-- position: updated_at is when a profile turned private, deleted_at when the account was deleted, created_at when it was flagged.
-- The hour allows for clocks that differ and for changes that committed after the refresh. As an array, so that the planner
-- expects few rows.
gaps AS MATERIALIZED (
    SELECT scores.positions[$1] AS position
    FROM unnest(ARRAY(
        SELECT key
        FROM users
        WHERE (NOT is_public OR deleted_at IS NOT NULL)
          AND greatest(updated_at, deleted_at) > (SELECT computed_at FROM latest) - interval '1 hour'
        UNION
        SELECT users.key
        FROM account_flags AS flag
        JOIN users ON users.id = flag.user_id
        WHERE flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > $6)
          AND flag.created_at > (SELECT computed_at FROM latest) - interval '1 hour'
    )) AS hidden (key)
    JOIN board_scores AS scores
        ON scores.snapshot = (SELECT id FROM latest) AND scores.tool = 0 AND scores.model = 0 AND scores.period = $2
        AND scores.user_key = hidden.key
    WHERE scores.positions[$1] IS NOT NULL
),
-- Positions include accounts hidden since, so the part starts later by the number of those before it.
start AS (
    SELECT $3 + 1 + count(*) FILTER (WHERE position - number <= $3) AS position
    FROM (SELECT position, row_number() OVER (ORDER BY position) AS number FROM gaps) AS numbered
),
counted AS (
    SELECT
        coalesce((
            SELECT max(position) FROM board_places
            WHERE snapshot = (SELECT id FROM latest) AND measure = $1 AND period = $2
        ), 0) - (SELECT count(*) FROM gaps) AS total
),
-- As an array, because the planner expects a tenth of all rows for an unknown limit.
part AS (
    SELECT user_key, place
    FROM unnest(ARRAY(
        SELECT places.user_key
        FROM board_places AS places
        JOIN on_boards($6) AS shown ON shown.key = places.user_key
        WHERE places.snapshot = (SELECT id FROM latest) AND places.measure = $1 AND places.period = $2
          AND places.position >= (SELECT position FROM start)
        ORDER BY places.position
        LIMIT $4
    )) WITH ORDINALITY AS listed (user_key, place)
),
placed AS (
    SELECT part.user_key, part.place, false AS mine FROM part
    UNION ALL
    SELECT key, 0, true FROM users WHERE id = $5 AND deleted_at IS NULL
),
listed AS (
    SELECT placed.user_key, placed.place, placed.mine, scores.ranks[$1] AS rank, earlier.ranks[$1] AS before
    FROM placed
    CROSS JOIN latest
    JOIN board_scores AS scores
        ON scores.snapshot = latest.id AND scores.tool = 0 AND scores.model = 0 AND scores.period = $2
        AND scores.user_key = placed.user_key
    LEFT JOIN board_scores AS earlier
        ON earlier.snapshot = latest.before AND earlier.tool = 0 AND earlier.model = 0 AND earlier.period = $2
        AND earlier.user_key = placed.user_key
    WHERE scores.ranks[$1] IS NOT NULL
)
