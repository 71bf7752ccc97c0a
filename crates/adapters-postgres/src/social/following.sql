    -- The accounts that $1 follows, as $2 may see them.
    SELECT follows.following_id AS id, follows.created_at AS since
    FROM follows
    WHERE follows.follower_id = (SELECT seen.id FROM visible_to($2) AS seen WHERE seen.id = $1)
      AND NOT EXISTS (SELECT FROM users WHERE users.id = follows.following_id AND users.deleted_at IS NOT NULL)
