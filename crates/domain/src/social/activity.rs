//! What happened to a person, for those who follow them.

use time::OffsetDateTime;

use crate::achievements::{Tier, Unlock};
use crate::ids::{ActivityId, UserId};
use crate::payload::Payload;
use crate::progression::{Level, MonthlyBadge};

/// The kinds of things that happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityKind {
    /// An achievement was unlocked, or a higher tier of it reached.
    AchievementUnlocked,
    /// A level was reached.
    LevelUp,
    /// A streak of 7, 30, 100, 365 or 1000 days.
    StreakMilestone,
    /// The top 100, 10 or 1 of the board of all time.
    RankReached,
    /// A monthly badge.
    BadgeEarned,
}

impl ActivityKind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::AchievementUnlocked, Self::LevelUp, Self::StreakMilestone, Self::RankReached, Self::BadgeEarned];

    /// The kind called `name`, if this version knows it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind's name in the API.
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

/// Something that happened to a person. Written when it happens, and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Names it.
    pub id: ActivityId,
    /// Whom it happened to.
    pub user: UserId,
    /// What happened.
    pub kind: ActivityKind,
    /// The particulars.
    pub data: Payload,
    /// When.
    pub created_at: OffsetDateTime,
}

/// What happened, and its particulars.
pub type Happening = (ActivityKind, Payload);

/// `unlock` happened: `{achievement_id, slug, name, rarity, tier, tier_name, xp}`.
pub fn achievement_unlocked(unlock: &Unlock) -> Happening {
    (ActivityKind::AchievementUnlocked, unlock_data(unlock))
}

/// What programs are told of an unlock.
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

/// `level` was reached: `{level, title}`.
pub fn level_up(level: Level) -> Happening {
    (ActivityKind::LevelUp, vec![("level", level.level.into()), ("title", level.title().into())])
}

/// A streak reached a milestone: `{days}`.
pub fn streak_milestone(days: u32) -> Happening {
    (ActivityKind::StreakMilestone, vec![("days", days.into())])
}

/// The first `top` of the board of all time were reached, as number `rank`: `{top, rank}`.
pub fn rank_reached(top: u32, rank: u32) -> Happening {
    (ActivityKind::RankReached, vec![("top", top.into()), ("rank", rank.into())])
}

/// `badge` was earned: `{badge}`.
pub fn badge_earned(badge: MonthlyBadge) -> Happening {
    (ActivityKind::BadgeEarned, vec![("badge", badge.name().into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_is_called_what_the_api_calls_it_and_found_by_that() {
        let names = ["achievement_unlocked", "level_up", "streak_milestone", "rank_reached", "badge_earned"];
        assert_eq!(ActivityKind::ALL.map(ActivityKind::name), names);
        assert_eq!(names.map(ActivityKind::named), ActivityKind::ALL.map(Some));
        assert_eq!(ActivityKind::named("dishes_done"), None, "another version may know more");
    }
}
