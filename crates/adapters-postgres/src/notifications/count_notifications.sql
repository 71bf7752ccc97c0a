-- How many notifications $1 has, or only how many unread ones ($2), and how many of them are unread.
SELECT
    CASE WHEN $2 THEN unread.count ELSE (SELECT count(*) FROM notifications WHERE user_id = $1) END,
    unread.count
FROM (SELECT count(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL) AS unread
