UPDATE usage_totals
SET active_days = $2, longest_streak = $3, event_xp = $4, achievements = $5
WHERE user_key = (SELECT key FROM users WHERE id = $1)
