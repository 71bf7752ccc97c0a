-- Removes the roll-ups of one account without messages.
DELETE FROM usage_rollups
WHERE user_key = (SELECT key FROM users WHERE id = $1) AND messages = 0
