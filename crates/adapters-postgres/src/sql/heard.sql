-- The activities $1 in that order, each with those of the viewers $2 whom it is for.
SELECT
    activity.id, activity.created_at, activity.kind, activity.data::text, activity.horizon::text::bigint,
    users.id, users.username, users.name, users.image,
    ARRAY(
        SELECT follows.follower_id
        FROM follows
        WHERE follows.following_id = users.id
          AND follows.follower_id = ANY ($2)
          AND can_see(follows.follower_id, users.id)
    )
FROM unnest($1) WITH ORDINALITY AS heard (id, place)
JOIN activities AS activity ON activity.id = heard.id
JOIN users ON users.id = activity.user_id
ORDER BY heard.place
