-- The follow counts of $1 and the relation of $2 to $1; no row when $2 may not see $1.
SELECT
    coalesce(counts.followers, 0)::bigint AS followers,
    coalesce(counts.following, 0)::bigint AS following,
    EXISTS (SELECT FROM follows WHERE follower_id = $2 AND following_id = person.id) AS is_following,
    EXISTS (SELECT FROM follows WHERE follower_id = person.id AND following_id = $2) AS follows_me
FROM visible_to($2) AS person
LEFT JOIN social_counts AS counts ON counts.user_id = person.id
WHERE person.id = $1
