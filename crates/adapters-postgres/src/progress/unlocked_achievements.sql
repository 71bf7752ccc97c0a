SELECT achievement_id, tier, unlocked_at, pinned_at
FROM unlocked_achievements
WHERE user_id = $1
