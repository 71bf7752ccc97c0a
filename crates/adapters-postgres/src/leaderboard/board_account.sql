-- The entry of the account called $3, in lower case, on the board over all usage, of the measure $1 and the period $2, as $5 sees
-- it at $6.
WITH
latest AS MATERIALIZED (
    SELECT id, lead(id) OVER (ORDER BY id DESC) AS before, computed_at FROM board_snapshots ORDER BY id DESC LIMIT 1
),
scope AS (
    SELECT 0 AS tool, 0 AS model
),
counted AS (
    SELECT 1::bigint AS total
),
placed AS (
    SELECT users.key AS user_key
    FROM users
    WHERE lower(users.username) = $3
      AND users.deleted_at IS NULL
      AND (users.id = $5 OR EXISTS (SELECT FROM on_boards($6) AS shown WHERE shown.id = users.id))
),
listed AS (
    SELECT placed.user_key, 1::bigint AS place, false AS mine, scores.ranks[$1] AS rank, earlier.ranks[$1] AS before
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
