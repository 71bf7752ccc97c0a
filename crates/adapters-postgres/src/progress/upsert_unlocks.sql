-- An achievement that is unlocked already gets the new tier and keeps its time.
INSERT INTO unlocked_achievements (user_id, achievement_id, tier, unlocked_at)
SELECT $1, unlock.achievement_id, unlock.tier, $4
FROM unnest($2, $3) AS unlock (achievement_id, tier)
ON CONFLICT (user_id, achievement_id) DO UPDATE SET tier = excluded.tier
