-- A stored unlock gets the higher tier and the earlier instant, and keeps its pin.
INSERT INTO unlocked_achievements AS kept (user_id, achievement_id, tier, unlocked_at, pinned_at)
SELECT $1, past.achievement_id, past.tier, past.unlocked_at, past.pinned_at
FROM unnest($2, $3, $4, $5) AS past (achievement_id, tier, unlocked_at, pinned_at)
ON CONFLICT (user_id, achievement_id) DO UPDATE SET
    tier = greatest(kept.tier, excluded.tier),
    unlocked_at = least(kept.unlocked_at, excluded.unlocked_at),
    pinned_at = coalesce(kept.pinned_at, excluded.pinned_at)
