-- $1 follows $2 no longer.
WITH ended AS (
    DELETE FROM follows WHERE follower_id = $1 AND following_id = $2 RETURNING follower_id, following_id
),
-- In the order of their ids, so that nobody waits in a circle.
locked AS (
    SELECT counts.user_id
    FROM social_counts AS counts
    WHERE counts.user_id IN (SELECT follower_id FROM ended UNION ALL SELECT following_id FROM ended)
    ORDER BY counts.user_id
    FOR NO KEY UPDATE
)
UPDATE social_counts AS counts
SET followers = greatest(counts.followers - (counts.user_id = $2)::integer, 0),
    following = greatest(counts.following - (counts.user_id = $1)::integer, 0)
FROM locked
WHERE counts.user_id = locked.user_id
