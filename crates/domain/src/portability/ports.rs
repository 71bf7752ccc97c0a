use async_trait::async_trait;
use time::OffsetDateTime;

use super::owned::{ExportPart, Machine, PastActivity, PastEvent, PastNotification, PastProject, PastUnlock};
use crate::error::StoreError;
use crate::ids::{ActivityId, NotificationId, ProjectId, UserId};
use crate::notifications::{Channels, NotificationKind};

/// The result of opening a snapshot.
pub enum SnapshotOpened {
    /// The snapshot shows the account at this moment.
    Begun(Box<dyn ExportSnapshot>),
    /// Another export of the account is running.
    UnderWay,
}

/// Opens snapshots of accounts.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ExportReader: Send + Sync {
    /// Opens a snapshot of `user`, unless one is open already. It leaves out sessions that have expired at `now`.
    async fn open(&self, user: UserId, now: OffsetDateTime) -> Result<SnapshotOpened, StoreError>;
}

/// The data of an account at one moment, however long the reads take. Dropping it ends the snapshot.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ExportSnapshot: Send {
    /// The next part; `None` after the last. No part is empty, and the first is the account. If there is no such account, the first
    /// call returns `None`.
    async fn next(&mut self) -> Result<Option<ExportPart>, StoreError>;
}

/// Stores imported data other than messages. Stored rows stay, and nothing is stored twice. The caller holds the account's lock
/// (I1).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ImportRepository: Send {
    /// Stores machines. A known machine gets the later of the two last syncs.
    async fn upsert_machines(&mut self, user: UserId, machines: &[Machine]) -> Result<(), StoreError>;

    /// Stores the preferences of `user` for kinds without a stored preference.
    async fn keep_preferences(
        &mut self,
        user: UserId,
        preferences: &[(NotificationKind, Channels)],
    ) -> Result<(), StoreError>;

    /// Stores projects, up to [`MOST_PROJECTS`](crate::projects::MOST_PROJECTS) an account, and returns the number of new ones. A
    /// project is known if one with the same address and creation time is stored.
    async fn keep_projects(&mut self, user: UserId, projects: &[(ProjectId, PastProject)]) -> Result<u64, StoreError>;

    /// Stores activities and returns the number of new ones. They are counted, but no live feed receives them.
    async fn keep_activities(
        &mut self,
        user: UserId,
        activities: &[(ActivityId, PastActivity)],
    ) -> Result<u64, StoreError>;

    /// Stores notifications and returns the number of new ones. No email is sent.
    async fn keep_notifications(
        &mut self,
        user: UserId,
        notifications: &[(NotificationId, PastNotification)],
    ) -> Result<u64, StoreError>;

    /// Stores events. The caller leaves out events whose reason is stored (I5).
    async fn keep_events(&mut self, user: UserId, events: &[PastEvent]) -> Result<(), StoreError>;

    /// Stores unlocks. A stored unlock gets the higher tier and the earlier instant, and keeps its pin if it has one.
    async fn keep_unlocks(&mut self, user: UserId, unlocks: &[PastUnlock]) -> Result<(), StoreError>;
}
