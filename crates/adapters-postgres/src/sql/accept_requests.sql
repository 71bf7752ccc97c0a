-- Whoever asked to follow $1 follows from $2 on.
WITH asked AS (
    DELETE FROM follow_requests WHERE following_id = $1 RETURNING follower_id
)
INSERT INTO follows (follower_id, following_id, created_at)
SELECT follower_id, $1, $2 FROM asked
ON CONFLICT DO NOTHING
