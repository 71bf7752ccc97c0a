-- A page of the feed of $1: $2 activities after $3 others, the newest first, of those before the activity $4 if it is not null, each
-- with the total. An empty page is one row without an activity.
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
total AS MATERIALIZED (
    SELECT coalesce(sum(activities), 0)::bigint AS activities, count(*) AS accounts FROM followed
),
start AS MATERIALIZED (
    SELECT
        coalesce(before.created_at, 'infinity') AS before_at,
        coalesce(before.id, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS before_id
    FROM total
    LEFT JOIN activities AS before ON before.id = $4
),
-- If more accounts are followed than the page reaches, a first attempt reads the activities of all accounts by time. Where many of them
-- are followed, it fills the page soon. It ends after four activities for each followed account, so that it costs little where it is in
-- vain. The lower bound shows the planner that few rows are read, and CASE keeps it from a join.
timeline AS MATERIALIZED (
    SELECT id
    FROM (
        SELECT id, user_id, created_at
        FROM activities
        WHERE (created_at, id) < ((SELECT before_at FROM start), (SELECT before_id FROM start))
          AND created_at > (SELECT timestamptz '-infinity')
        ORDER BY created_at DESC, id DESC
        LIMIT (SELECT CASE WHEN accounts > $3 + $2 THEN 4 * accounts ELSE 0 END FROM total)
    ) AS latest
    WHERE CASE WHEN true THEN user_id IN (SELECT id FROM followed) END
    ORDER BY created_at DESC, id DESC
    LIMIT $2 OFFSET $3
),
attempt AS MATERIALIZED (
    SELECT count(*) = $2 AS is_page FROM timeline
),
-- Otherwise the page is merged from the activities of each account. Without $4, only the $3 + $2 accounts with the newest activities
-- can have one on the page, with ties.
newest AS (
    SELECT id, last_activity_at
    FROM followed
    WHERE NOT (SELECT is_page FROM attempt)
    ORDER BY last_activity_at DESC
    FETCH FIRST (CASE WHEN $4::uuid IS NULL THEN $3 + $2 ELSE 9223372036854775807 END) ROWS WITH TIES
),
-- With that many accounts, no activity older than the oldest of their newest ones is on the page.
since AS (
    SELECT min(last_activity_at) AS at FROM newest HAVING count(*) >= $3 + $2 AND $4::uuid IS NULL
),
merged AS (
    SELECT activity.id
    FROM newest
    CROSS JOIN LATERAL (
        SELECT id, created_at
        FROM activities
        WHERE user_id = newest.id
          AND created_at >= coalesce((SELECT at FROM since), '-infinity')
          AND (created_at, id) < ((SELECT before_at FROM start), (SELECT before_id FROM start))
        ORDER BY created_at DESC, id DESC
        LIMIT $3 + $2
    ) AS activity
    ORDER BY activity.created_at DESC, activity.id DESC
    LIMIT $2 OFFSET $3
),
-- As an array, so that the planner expects few rows.
page AS (
    SELECT activities.*
    FROM unnest(ARRAY(SELECT id FROM timeline WHERE (SELECT is_page FROM attempt) UNION ALL SELECT id FROM merged)) AS found (id)
    JOIN activities ON activities.id = found.id
)
SELECT
    total.activities AS total, $4::uuid IS NULL OR EXISTS (SELECT FROM activities WHERE id = $4) AS is_known,
    page.id AS activity_id, page.created_at AS happened_at, page.kind, page.data::text,
    users.id, users.username, users.name, users.image
FROM total
LEFT JOIN (page JOIN visible_to($1) AS seen ON seen.id = page.user_id JOIN users ON users.id = seen.id) ON true
ORDER BY page.created_at DESC, page.id DESC
