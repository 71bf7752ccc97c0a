//! What awards need from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Events, Facts, Tier};
use crate::days::Window;
use crate::error::StoreError;
use crate::ids::{AchievementId, UserId};
use crate::notifications::Notification;
use crate::progression::EventXp;
use crate::social::Activity;
use crate::usage::Sums;

/// Something that pays XP or is announced once; one without XP is a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressEvent {
    /// What happened; an account has each reason once.
    pub reason: String,
    /// What it pays.
    pub xp: EventXp,
}

/// What is kept of an account's progress, so that nobody has to add it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProgressSums {
    /// How many days are active.
    pub active_days: u32,
    /// The longest run of active days ever.
    pub longest_streak: u32,
    /// XP of all events.
    pub event_xp: EventXp,
    /// How many achievements are unlocked.
    pub achievements: u32,
}

/// What an account has earned, to be written at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Award {
    /// What its progress comes to; `None` when that is stored already.
    pub sums: Option<ProgressSums>,
    /// Achievements with the highest tier reached.
    pub unlocks: Vec<(AchievementId, Option<Tier>)>,
    /// XP and marks.
    pub events: Vec<ProgressEvent>,
    /// What its followers see.
    pub activities: Vec<Activity>,
    /// What its owner is told.
    pub notifications: Vec<Notification>,
}

impl Award {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.sums.is_none()
            && self.unlocks.is_empty()
            && self.events.is_empty()
            && self.activities.is_empty()
            && self.notifications.is_empty()
    }
}

/// An achievement that somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlocked {
    /// Which.
    pub id: AchievementId,
    /// The highest tier reached; `None` without tiers.
    pub tier: Option<Tier>,
    /// When it was unlocked; a higher tier does not change it.
    pub at: OffsetDateTime,
    /// Whether its owner shows it first.
    pub pinned: bool,
}

/// What a person's page of achievements is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// What the achievements are judged by.
    pub facts: Facts,
    /// The lifetime totals.
    pub totals: Sums,
    /// XP awarded for events.
    pub event_xp: EventXp,
    /// What is unlocked.
    pub unlocked: Vec<Unlocked>,
}

/// Reads achievements, for those who may see them.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AchievementReader: Send + Sync {
    /// The achievements of `month.person`, whose last 30 local days are `month`; `None` when `viewer` (nobody, when
    /// anonymous) may not see them. Three statements.
    async fn achievements(&self, month: Window, viewer: Option<UserId>) -> Result<Option<Shown>, StoreError>;
}

/// Reads what awards are judged by, and stores them. Every method expects the account's lock to be held.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ProgressRepository: Send {
    /// The facts of `month.person`, whose last 30 local days are `month`, and what they were awarded before. One round
    /// trip.
    async fn facts(&mut self, month: Window) -> Result<Option<(Facts, Events)>, StoreError>;

    /// Stores `award`. A notification is left out whose owner does not want its kind or was told of its subject before.
    /// One round trip.
    async fn award(&mut self, user: UserId, award: &Award, now: OffsetDateTime) -> Result<(), StoreError>;

    /// What is unlocked.
    async fn unlocked(&mut self, user: UserId) -> Result<Vec<Unlocked>, StoreError>;

    /// Pins an unlocked achievement at `at`, or unpins it.
    async fn set_pinned(
        &mut self,
        user: UserId,
        achievement: AchievementId,
        at: Option<OffsetDateTime>,
    ) -> Result<(), StoreError>;
}
