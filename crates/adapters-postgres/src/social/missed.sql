-- What $1, an array of viewers, missed since the activity $4 of the time $2 was read: up to $8 activities after the place ($6, $7),
-- the oldest first, each with those of $1 whom it is for.
--
-- An activity is later than $4 by its time, or if it may not have been committed when $4 was written: its transaction is not
-- older than the horizon $3 of $4. Activities of the transaction $9 of $4 itself are read in the order of time and id. No transaction takes as long as from $5 to $2, so nothing older is looked at; in a
-- database that was restored from a dump, the transactions of old rows are from another count.
WITH people AS (
    SELECT follows.following_id AS id, array_agg(follows.follower_id) AS viewers
    FROM follows
    JOIN social_counts AS counts ON counts.user_id = follows.following_id AND counts.last_activity_at > $5
    JOIN LATERAL visible_to(follows.follower_id) AS seen ON seen.id = follows.following_id
    WHERE follows.follower_id = ANY ($1)
    GROUP BY follows.following_id
)
SELECT
    activity.id, activity.created_at, activity.kind, activity.data::text, activity.transaction::text::bigint,
    activity.horizon::text::bigint,
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
