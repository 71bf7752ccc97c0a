-- Ends the follow of $2 by $1. The rows of the counts exist, so each insert conflicts. An UPDATE that joins the deleted rows would
-- miss a row that another transaction changed meanwhile. In the order of the ids, so that concurrent statements do not deadlock.
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
