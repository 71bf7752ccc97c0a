    -- Who follows $1, as $2 may see it.
    SELECT follows.follower_id AS id, follows.created_at AS since
    FROM follows
    JOIN users ON users.id = follows.follower_id AND users.deleted_at IS NULL
    WHERE follows.following_id = (SELECT seen.id FROM visible_to($2) AS seen WHERE seen.id = $1)
