-- $1 follows $2 from $3 on. Both counts are raised in the order of the ids; an account made by an older release has no row yet.
WITH made AS (
    INSERT INTO follows (follower_id, following_id, created_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING
    RETURNING follower_id, following_id
),
changes AS (
    SELECT follower_id AS user_id, 0 AS followers, 1 AS following FROM made
    UNION ALL
    SELECT following_id, 1, 0 FROM made
)
INSERT INTO social_counts (user_id, followers, following)
SELECT user_id, followers, following FROM changes ORDER BY user_id
ON CONFLICT (user_id) DO UPDATE SET
    followers = social_counts.followers + excluded.followers,
    following = social_counts.following + excluded.following
