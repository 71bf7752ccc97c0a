//! Ports of achievements.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{AchievementFacts, ProgressEvents, Tier};
use crate::days::Window;
use crate::error::StoreError;
use crate::ids::{AchievementId, UserId};
use crate::notifications::Notification;
use crate::progression::EventXp;
use crate::social::Activity;
use crate::usage::Sums;

/// An event that pays XP or is announced once. An event without XP is a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressEvent {
    /// The cause; unique per account (I5).
    pub reason: String,
    pub xp: EventXp,
}

/// The stored sums of an account's progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProgressSums {
    pub active_days: u32,
    /// The longest run of active days ever.
    pub longest_streak: u32,
    /// XP of all events.
    pub event_xp: EventXp,
    /// Unlocked achievements.
    pub achievements: u32,
}

/// The changes of an account's progress, written at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgressChanges {
    /// The new sums; `None` if they are unchanged.
    pub sums: Option<ProgressSums>,
    /// Achievements with the highest tier reached.
    pub unlocks: Vec<(AchievementId, Option<Tier>)>,
    /// XP and marks.
    pub events: Vec<ProgressEvent>,
    /// Feed entries for followers.
    pub activities: Vec<Activity>,
    pub notifications: Vec<Notification>,
}

impl ProgressChanges {
    pub fn is_empty(&self) -> bool {
        self.sums.is_none()
            && self.unlocks.is_empty()
            && self.events.is_empty()
            && self.activities.is_empty()
            && self.notifications.is_empty()
    }
}

/// An unlocked achievement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnlockedAchievement {
    pub id: AchievementId,
    /// The highest tier reached; `None` without tiers.
    pub tier: Option<Tier>,
    /// When it was first unlocked. A higher tier does not change it.
    pub at: OffsetDateTime,
    /// Whether the owner pinned it.
    pub pinned: bool,
}

/// The data of an account's achievements page.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountAchievements {
    pub facts: AchievementFacts,
    /// The lifetime totals.
    pub totals: Sums,
    /// XP of events.
    pub event_xp: EventXp,
    pub unlocked: Vec<UnlockedAchievement>,
}

/// Reads achievements, if the viewer may see them.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AchievementReader: Send + Sync {
    /// The achievements of `month.user`, whose last 30 local days are `month`; `None` if hidden from `viewer` (`None` is
    /// anonymous). Three statements.
    async fn achievements(
        &self,
        month: Window,
        viewer: Option<UserId>,
    ) -> Result<Option<AccountAchievements>, StoreError>;
}

/// Reads facts and stores awards. Every method expects the account's lock (I1).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ProgressRepository: Send {
    /// The facts of `month.user`, whose last 30 local days are `month`, and its events. One round trip.
    async fn facts(&mut self, month: Window) -> Result<Option<(AchievementFacts, ProgressEvents)>, StoreError>;

    /// Stores `award`. Notifications of a switched-off kind or a repeated subject are skipped. One round trip.
    async fn award(&mut self, user: UserId, award: &ProgressChanges, now: OffsetDateTime) -> Result<(), StoreError>;

    async fn unlocked(&mut self, user: UserId) -> Result<Vec<UnlockedAchievement>, StoreError>;

    /// Pins an unlocked achievement at `at`, or unpins it.
    async fn set_pinned(
        &mut self,
        user: UserId,
        achievement: AchievementId,
        at: Option<OffsetDateTime>,
    ) -> Result<(), StoreError>;
}
