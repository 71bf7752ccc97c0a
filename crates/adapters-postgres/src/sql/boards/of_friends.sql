-- A part of the board of those whom $5 follows, and of $5, also of private ones, unless they are kept off the boards: of the
-- measure $1 and the period $2, $4 entries after $3 others, at $6, and where $5 stands. $7 is a tool, $8 a model, $9 a region;
-- null is any.
WITH
latest AS MATERIALIZED (
    SELECT id, lead(id) OVER (ORDER BY id DESC) AS before, computed_at FROM board_snapshots ORDER BY id DESC LIMIT 1
),
-- A name that nobody used is no scope at all.
scope AS MATERIALIZED (
    SELECT
        CASE WHEN $7::text IS NULL THEN 0 ELSE coalesce((SELECT key FROM sources WHERE name = $7), -1) END AS tool,
        CASE WHEN $8::text IS NULL THEN 0 ELSE coalesce((SELECT min(key) FROM models WHERE name = $8), -1) END AS model
),
-- Those who take ranks from each other.
ranking AS (
    SELECT users.id, users.key
    FROM (
        SELECT $5 AS id
        UNION
        SELECT following_id FROM follows WHERE follower_id = $5
    ) AS friends
    JOIN users ON users.id = friends.id
    WHERE users.deleted_at IS NULL AND ($9::text IS NULL OR users.region = $9)
      AND (
          users.id = $5
          OR NOT EXISTS (
              SELECT FROM account_flags AS flag
              WHERE flag.user_id = users.id AND flag.lifted_at IS NULL AND (flag.expires_at IS NULL OR flag.expires_at > $6)
          )
      )
),
