-- $1 follows $2 no longer. The rows are there, so each conflicts: an update that joins what was deleted would pass over a row that
-- somebody else changed meanwhile, since what was deleted is not looked at again. In the order of their ids, so that nobody
-- waits in a circle.
WITH ended AS (
    DELETE FROM follows WHERE follower_id = $1 AND following_id = $2 RETURNING follower_id, following_id
),
changes AS (
    SELECT follower_id AS user_id, 0 AS followers, 1 AS following FROM ended
    UNION ALL
    SELECT following_id, 1, 0 FROM ended
)
INSERT INTO social_counts (user_id, followers, following)
SELECT changes.user_id, changes.followers, changes.following
FROM changes
WHERE EXISTS (SELECT FROM social_counts AS counts WHERE counts.user_id = changes.user_id)
ORDER BY changes.user_id
ON CONFLICT (user_id) DO UPDATE SET
    followers = greatest(social_counts.followers - excluded.followers, 0),
    following = greatest(social_counts.following - excluded.following, 0)
