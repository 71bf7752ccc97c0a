-- Removes the days of projects of one account without messages.
DELETE FROM usage_project_days
WHERE user_key = (SELECT key FROM users WHERE id = $1) AND messages = 0
