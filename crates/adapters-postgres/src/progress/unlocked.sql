SELECT achievement_id, tier, unlocked_at, pinned_at IS NOT NULL
FROM unlocked_achievements
WHERE user_id = $1
