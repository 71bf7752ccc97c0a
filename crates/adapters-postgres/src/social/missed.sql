-- The activities that the viewers $1 missed since the activity $4 of the time $2: up to $8 after the position ($6, $7), the oldest
-- first, each with those of $1 that receive it.
--
-- An activity is later than $4 by its time, or if its transaction may have committed after $4 was written: it is not older than
-- the horizon $3 of $4. Activities of the transaction $9 of $4 itself are ordered by time and id. Nothing before $5 is read:
-- no transaction takes that long, and after a restore from a dump the transactions of old rows mean nothing.
WITH people AS (
    SELECT follows.following_id AS id, array_agg(follows.follower_id) AS viewers
    FROM follows
    JOIN social_counts AS counts ON counts.user_id = follows.following_id AND counts.last_activity_at > $5
    JOIN LATERAL visible_to(follows.follower_id) AS seen ON seen.id = follows.following_id
    WHERE follows.follower_id = ANY ($1)
    GROUP BY follows.following_id
)
SELECT
    activity.id AS activity_id, activity.created_at AS happened_at, activity.kind, activity.data::text,
    activity.transaction::text::bigint AS transaction, activity.horizon::text::bigint AS horizon,
    users.id, users.username, users.name, users.image, people.viewers
FROM people
JOIN users ON users.id = people.id
JOIN activities AS activity ON activity.user_id = people.id
WHERE activity.created_at > $5
  AND (activity.transaction >= ($3::text)::xid8 AND activity.transaction <> ($9::text)::xid8
    OR (activity.created_at, activity.id) > ($2, $4))
  AND (activity.created_at, activity.id) > ($6, $7)
  AND activity.id <> $4
ORDER BY activity.created_at, activity.id
LIMIT $8
