-- A page of the feed of $1: $2 activities after $3 others, the newest first, each with the total. An empty page is one row
-- without an activity.
WITH
-- A follower may see an account unless it was deleted. visible_to decides again below, about the accounts on the page.
followed AS MATERIALIZED (
    SELECT counts.user_id AS id, counts.activities, counts.last_activity_at
    FROM follows
    JOIN social_counts AS counts ON counts.user_id = follows.following_id
    WHERE follows.follower_id = $1
      AND counts.activities > 0
      AND NOT EXISTS (SELECT FROM users WHERE users.id = follows.following_id AND users.deleted_at IS NOT NULL)
),
-- Only the $3 + $2 accounts with the newest activities can have one on the page, with ties.
newest AS (
    SELECT id, last_activity_at FROM followed ORDER BY last_activity_at DESC FETCH FIRST ($3 + $2) ROWS WITH TIES
),
people AS MATERIALIZED (
    SELECT newest.id, newest.last_activity_at FROM newest JOIN visible_to($1) AS seen ON seen.id = newest.id
),
-- With that many accounts, no activity older than the oldest of their newest ones is on the page.
since AS (
    SELECT min(last_activity_at) AS at FROM people HAVING count(*) >= $3 + $2
),
page AS (
    SELECT activity.*
    FROM people
    CROSS JOIN LATERAL (
        SELECT id, user_id, kind, data, created_at
        FROM activities
        WHERE user_id = people.id AND created_at >= coalesce((SELECT at FROM since), '-infinity')
        ORDER BY created_at DESC, id DESC
        LIMIT $3 + $2
    ) AS activity
    ORDER BY activity.created_at DESC, activity.id DESC
    LIMIT $2 OFFSET $3
),
total AS (
    SELECT coalesce(sum(activities), 0)::bigint AS activities FROM followed
)
SELECT
    total.activities AS total,
    page.id AS activity_id, page.created_at AS happened_at, page.kind, page.data::text,
    users.id, users.username, users.name, users.image
FROM total
LEFT JOIN (page JOIN users ON users.id = page.user_id) ON true
ORDER BY page.created_at DESC, page.id DESC
