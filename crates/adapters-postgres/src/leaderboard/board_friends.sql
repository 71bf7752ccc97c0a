-- The accounts of the board: $5 and the accounts it follows, also private ones, except flagged ones.
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
