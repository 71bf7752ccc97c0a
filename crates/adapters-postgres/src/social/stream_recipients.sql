-- The activities $1 in that order, each with those of the viewers $2 that receive it.
SELECT
    activity.id AS activity_id, activity.created_at AS happened_at, activity.kind, activity.data::text,
    activity.transaction::text::bigint AS transaction, activity.horizon::text::bigint AS horizon,
    users.id, users.username, users.name, users.image,
    ARRAY(
        SELECT follows.follower_id
        FROM unnest($2) AS viewer (id)
        JOIN follows ON follows.follower_id = viewer.id AND follows.following_id = users.id
        JOIN LATERAL visible_to(follows.follower_id) AS seen ON seen.id = follows.following_id
    ) AS viewers
FROM unnest($1) WITH ORDINALITY AS committed (id, place)
JOIN activities AS activity ON activity.id = committed.id
JOIN users ON users.id = activity.user_id
ORDER BY committed.place
