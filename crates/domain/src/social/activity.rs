//! Activities: events of an account that its followers see.

use time::OffsetDateTime;

use crate::achievements::{Tier, Unlock};
use crate::ids::{ActivityId, UserId};
use crate::payload::Payload;
use crate::progression::{Level, MonthlyBadge};

/// The kinds of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityKind {
    /// An achievement was unlocked, or a higher tier of it reached.
    AchievementUnlocked,
    LevelUp,
    /// A streak of 7, 30, 100, 365 or 1000 days.
    StreakMilestone,
    /// The top 100, 10 or 1 of the board of all time.
    RankReached,
    /// A monthly badge.
    BadgeEarned,
}

impl ActivityKind {
    pub const ALL: [Self; 5] =
        [Self::AchievementUnlocked, Self::LevelUp, Self::StreakMilestone, Self::RankReached, Self::BadgeEarned];

    /// The kind with this name, if this release knows it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::AchievementUnlocked => "achievement_unlocked",
            Self::LevelUp => "level_up",
            Self::StreakMilestone => "streak_milestone",
            Self::RankReached => "rank_reached",
            Self::BadgeEarned => "badge_earned",
        }
    }
}

/// An event of an account. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub id: ActivityId,
    /// The author.
    pub user: UserId,
    pub kind: ActivityKind,
    pub data: Payload,
    pub created_at: OffsetDateTime,
}

/// The kind and data of an activity to be written.
pub type NewActivity = (ActivityKind, Payload);

/// The data: `{achievement_id, slug, name, rarity, tier, tier_name, xp}`.
pub fn achievement_unlocked(unlock: &Unlock) -> NewActivity {
    (ActivityKind::AchievementUnlocked, unlock_data(unlock))
}

/// The data of an unlock for API clients.
pub(crate) fn unlock_data(unlock: &Unlock) -> Payload {
    let definition = unlock.definition;
    vec![
        ("achievement_id", definition.id().to_string().into()),
        ("slug", definition.slug.into()),
        ("name", definition.name.into()),
        ("rarity", definition.rarity.name().into()),
        ("tier", unlock.tier.map(|tier| u32::from(tier.number())).into()),
        ("tier_name", unlock.tier.map(Tier::name).into()),
        ("xp", unlock.xp.into()),
    ]
}

/// The data: `{level, title}`.
pub fn level_up(level: Level) -> NewActivity {
    (ActivityKind::LevelUp, vec![("level", level.level.into()), ("title", level.title().into())])
}

/// The data: `{days}`.
pub fn streak_milestone(days: u32) -> NewActivity {
    (ActivityKind::StreakMilestone, vec![("days", days.into())])
}

/// The account is among the first `top` of the board of all time, with this `rank`. The data: `{top, rank}`.
pub fn rank_reached(top: u32, rank: u32) -> NewActivity {
    (ActivityKind::RankReached, vec![("top", top.into()), ("rank", rank.into())])
}

/// The data: `{badge}`.
pub fn badge_earned(badge: MonthlyBadge) -> NewActivity {
    (ActivityKind::BadgeEarned, vec![("badge", badge.name().into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_kinds_round_trip_by_api_name() {
        let names = ["achievement_unlocked", "level_up", "streak_milestone", "rank_reached", "badge_earned"];
        assert_eq!(ActivityKind::ALL.map(ActivityKind::name), names);
        assert_eq!(names.map(ActivityKind::named), ActivityKind::ALL.map(Some));
        assert_eq!(ActivityKind::named("dishes_done"), None, "another version may know more");
    }
}
