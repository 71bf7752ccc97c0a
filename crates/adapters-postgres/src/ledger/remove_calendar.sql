-- Removes the calendar of one account without usage.
DELETE FROM usage_calendars
WHERE user_key = (SELECT key FROM users WHERE id = $1)
  AND NOT EXISTS (SELECT FROM usage_days WHERE usage_days.user_key = usage_calendars.user_key)
