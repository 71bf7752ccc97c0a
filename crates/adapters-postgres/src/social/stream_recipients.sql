-- The activities $1 in that order, each with those of the viewers $2 whom it is for.
SELECT
    activity.id, activity.created_at, activity.kind, activity.data::text, activity.transaction::text::bigint,
    activity.horizon::text::bigint,
    users.id, users.username, users.name, users.image,
    ARRAY(
        SELECT follows.follower_id
        FROM unnest($2) AS viewer (id)
        JOIN follows ON follows.follower_id = viewer.id AND follows.following_id = users.id
        JOIN LATERAL visible_to(follows.follower_id) AS seen ON seen.id = follows.following_id
    )
FROM unnest($1) WITH ORDINALITY AS heard (id, place)
JOIN activities AS activity ON activity.id = heard.id
JOIN users ON users.id = activity.user_id
ORDER BY heard.place
