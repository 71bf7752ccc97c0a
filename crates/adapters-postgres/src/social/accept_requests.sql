-- Accepts all follow requests of $1 at $2. Requests of deleted accounts are accepted too, for a restore, but not counted.
WITH accepted AS (
    DELETE FROM follow_requests WHERE following_id = $1 RETURNING follower_id
),
made AS (
    INSERT INTO follows (follower_id, following_id, created_at)
    SELECT follower_id, $1, $2 FROM accepted
    ON CONFLICT DO NOTHING
    RETURNING follower_id
),
changes AS (
    SELECT follower_id AS user_id, 0 AS followers, 1 AS following FROM made
    UNION ALL
    SELECT $1, count(*), 0 FROM made JOIN users ON users.id = made.follower_id AND users.deleted_at IS NULL
)
-- In the order of the ids, so that concurrent statements do not deadlock.
INSERT INTO social_counts (user_id, followers, following)
SELECT user_id, followers, following FROM changes ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET
    followers = social_counts.followers + excluded.followers,
    following = social_counts.following + excluded.following
