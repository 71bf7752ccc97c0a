-- A page of the feed of $1: $2 activities after $3 others, the newest first, each with the total; one row without an activity
-- where the page is empty.
WITH
-- Whoever follows somebody may see them, unless they were deleted; visible_to, which is asked below about those whose
-- activities are shown, has the last word.
followed AS MATERIALIZED (
    SELECT counts.user_id AS id, counts.activities, counts.last_activity_at
    FROM follows
    JOIN social_counts AS counts ON counts.user_id = follows.following_id
    WHERE follows.follower_id = $1
      AND counts.activities > 0
      AND NOT EXISTS (SELECT FROM users WHERE users.id = follows.following_id AND users.deleted_at IS NOT NULL)
),
-- Only as many people as activities are looked through, those with the newest, can have one on the page; of equally new ones,
-- any.
newest AS (
    SELECT id, last_activity_at FROM followed ORDER BY last_activity_at DESC FETCH FIRST ($3 + $2) ROWS WITH TIES
),
people AS MATERIALIZED (
    SELECT newest.id, newest.last_activity_at FROM newest JOIN visible_to($1) AS seen ON seen.id = newest.id
),
-- If there are as many, each has one at least as new as the oldest of these, so no older one is on the page either.
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
    total.activities,
    page.id, page.created_at, page.kind, page.data::text,
    users.id, users.username, users.name, users.image
FROM total
LEFT JOIN (page JOIN users ON users.id = page.user_id) ON true
ORDER BY page.created_at DESC, page.id DESC
