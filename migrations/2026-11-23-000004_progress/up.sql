-- Events that an account keeps through rebuilds: awards of XP, and marks without XP of announced levels, streaks and badges. The
-- reason names the event, so nothing is awarded twice (I5).
CREATE TABLE progress_events (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    reason text NOT NULL,
    -- In hundredths of an XP.
    xp bigint NOT NULL CHECK (xp >= 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, reason)
);

CREATE TABLE unlocked_achievements (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    achievement_id uuid NOT NULL,
    -- The highest tier reached, from 1; null for an achievement without tiers.
    tier smallint CHECK (tier BETWEEN 1 AND 5),
    unlocked_at timestamptz NOT NULL,
    pinned_at timestamptz,
    PRIMARY KEY (user_id, achievement_id)
);
