-- How many follow $1 and are followed by them, and how $2 stands to them; no row when $2 may not see it.
SELECT
    coalesce(counts.followers, 0)::bigint,
    coalesce(counts.following, 0)::bigint,
    EXISTS (SELECT FROM follows WHERE follower_id = $2 AND following_id = person.id),
    EXISTS (SELECT FROM follows WHERE follower_id = person.id AND following_id = $2)
FROM visible_to($2) AS person
LEFT JOIN social_counts AS counts ON counts.user_id = person.id
WHERE person.id = $1
