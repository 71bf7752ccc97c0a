-- Removes the hours of one account without messages.
DELETE FROM usage_hours
WHERE user_key = (SELECT key FROM users WHERE id = $1) AND messages = 0
