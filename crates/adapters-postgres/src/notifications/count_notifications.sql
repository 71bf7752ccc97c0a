-- The number of notifications of $1, or of the unread ones alone ($2), and of the unread ones.
SELECT
    CASE WHEN $2 THEN unread.count ELSE (SELECT count(*) FROM notifications WHERE user_id = $1) END AS total,
    unread.count AS unread
FROM (SELECT count(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL) AS unread
