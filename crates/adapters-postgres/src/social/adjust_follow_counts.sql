-- Adds $1 to the counts of its followers and of the accounts it follows ($2 = 1), or removes it ($2 = -1). Each account is changed
-- once, in the order of the ids, so that concurrent statements do not deadlock.
WITH changes AS (
    SELECT user_id, sum(followers)::integer AS followers, sum(following)::integer AS following
    FROM (
        SELECT follower_id, 0, 1 FROM follows WHERE following_id = $1
        UNION ALL
        SELECT following_id, 1, 0 FROM follows WHERE follower_id = $1
    ) AS follow (user_id, followers, following)
    GROUP BY user_id
)
INSERT INTO social_counts (user_id, followers, following)
SELECT changes.user_id, changes.followers, changes.following
FROM changes
WHERE $2 > 0 OR EXISTS (SELECT FROM social_counts AS counts WHERE counts.user_id = changes.user_id)
ORDER BY changes.user_id
ON CONFLICT (user_id) DO UPDATE SET
    followers = greatest(social_counts.followers + $2 * excluded.followers, 0),
    following = greatest(social_counts.following + $2 * excluded.following, 0)
