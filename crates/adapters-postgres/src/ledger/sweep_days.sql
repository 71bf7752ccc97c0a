-- Drops the days of one account that no message is left of.
DELETE FROM usage_days
WHERE user_key = (SELECT key FROM users WHERE id = $1) AND messages = 0
