    -- The requests to follow $1.
    SELECT follow_requests.follower_id AS id, follow_requests.created_at AS since
    FROM follow_requests
    JOIN users ON users.id = follow_requests.follower_id AND users.deleted_at IS NULL
    WHERE follow_requests.following_id = $1
