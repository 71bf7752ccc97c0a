//! What taking data along needs from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::owned::{ExportPart, Machine, PastActivity, PastEvent, PastNotification, PastProject, PastUnlock};
use crate::error::StoreError;
use crate::ids::{ActivityId, NotificationId, ProjectId, UserId};
use crate::notifications::{Channels, NotificationKind};

/// What became of the wish to read an account.
pub enum Opened {
    /// It is read, as it is at this moment.
    Begun(Box<dyn Snapshot>),
    /// Somebody reads it already.
    UnderWay,
}

/// Reads whole accounts.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ExportReader: Send + Sync {
    /// Begins to read what `user` owns at `now`, once at a time.
    async fn open(&self, user: UserId, now: OffsetDateTime) -> Result<Opened, StoreError>;
}

/// What an account owned at one moment, however long it is read. Dropping it ends the reading.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait Snapshot: Send {
    /// The next part, none of them empty and the account the first; `None` after the last, and at once when there is no
    /// such account.
    async fn next(&mut self) -> Result<Option<ExportPart>, StoreError>;
}

/// Stores what an account brings along beside its messages. What is there already stays and is not stored twice. Every
/// method expects the account's lock to be held.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ImportRepository: Send {
    /// Stores machines; the later of two last syncs counts.
    async fn meet_machines(&mut self, user: UserId, machines: &[Machine]) -> Result<(), StoreError>;

    /// Stores what `user` wants to be told, of kinds they have said nothing about.
    async fn keep_preferences(
        &mut self,
        user: UserId,
        preferences: &[(NotificationKind, Channels)],
    ) -> Result<(), StoreError>;

    /// Stores projects, up to [`MOST_PROJECTS`](crate::projects::MOST_PROJECTS) an account; returns how many are new. One with the
    /// same address and creation time is there already.
    async fn keep_projects(&mut self, user: UserId, projects: &[(ProjectId, PastProject)]) -> Result<u64, StoreError>;

    /// Stores what happened, as long past: it is counted and told to nobody. Says how much of it is new.
    async fn keep_activities(
        &mut self,
        user: UserId,
        activities: &[(ActivityId, PastActivity)],
    ) -> Result<u64, StoreError>;

    /// Stores what was told; says how much of it is new.
    async fn keep_notifications(
        &mut self,
        user: UserId,
        notifications: &[(NotificationId, PastNotification)],
    ) -> Result<u64, StoreError>;

    /// Stores events, none of which is there.
    async fn keep_events(&mut self, user: UserId, events: &[PastEvent]) -> Result<(), StoreError>;

    /// Stores unlocks. Of one that is there, the higher tier, the earlier instant and its own pin count.
    async fn keep_unlocks(&mut self, user: UserId, unlocks: &[PastUnlock]) -> Result<(), StoreError>;
}
