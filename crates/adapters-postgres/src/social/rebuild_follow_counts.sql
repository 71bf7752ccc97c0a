-- Recomputes the counts of $1, whose row is locked. Correct counts are not written.
INSERT INTO social_counts (user_id, followers, following, activities, last_activity_at)
SELECT
    users.id,
    (
        SELECT count(*) FROM follows JOIN users AS other ON other.id = follows.follower_id
        WHERE follows.following_id = users.id AND other.deleted_at IS NULL
    ),
    (
        SELECT count(*) FROM follows JOIN users AS other ON other.id = follows.following_id
        WHERE follows.follower_id = users.id AND other.deleted_at IS NULL
    ),
    (SELECT count(*) FROM activities WHERE activities.user_id = users.id),
    (SELECT max(created_at) FROM activities WHERE activities.user_id = users.id)
FROM users
WHERE users.id = $1
ON CONFLICT (user_id) DO UPDATE SET
    followers = excluded.followers,
    following = excluded.following,
    activities = excluded.activities,
    last_activity_at = excluded.last_activity_at
WHERE (social_counts.followers, social_counts.following, social_counts.activities, social_counts.last_activity_at)
    IS DISTINCT FROM (excluded.followers, excluded.following, excluded.activities, excluded.last_activity_at)
