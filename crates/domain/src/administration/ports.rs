//! Ports of administration.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::administrator::ListedAdministrator;
use super::audit::{AuditEntry, AuditFilter, AuditRecord};
use super::flag::{Flag, FlagOrder};
use super::listed_user::ListedUser;
use crate::error::StoreError;
use crate::identity::ListedInvitation;
use crate::ids::UserId;
use crate::page::{Page, PageRequest};

/// Stores administrators, flags and the audit log.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AdministrationRepository: Send {
    /// Grants or revokes the role; returns whether that was a change.
    async fn set_administrator(&mut self, user: UserId, administers: bool) -> Result<bool, StoreError>;

    /// Flags `user` from `now` on; returns false if a flag stands. Records the expiry of a flag that has expired by `now`.
    async fn insert_flag(
        &mut self,
        id: Uuid,
        user: UserId,
        order: &FlagOrder,
        by: UserId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Lifts the flag of `user` that stands at `now`; returns its id.
    async fn lift_flag(&mut self, user: UserId, now: OffsetDateTime) -> Result<Option<Uuid>, StoreError>;

    async fn record(&mut self, entry: &AuditRecord) -> Result<(), StoreError>;

    /// Removes up to `most` audit records written before `before`, the oldest first; returns their number.
    async fn prune_audit_log(&mut self, before: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// Reads administrators, flags and the audit log.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AdministrationReader: Send + Sync {
    /// Whether `user` is an active account with the role.
    async fn is_administrator(&self, user: UserId) -> Result<bool, StoreError>;

    /// All administrators by username, deleted accounts included.
    async fn administrators(&self) -> Result<Vec<ListedAdministrator>, StoreError>;

    /// Standing and past flags, newest first.
    async fn flags(&self, page: PageRequest) -> Result<Page<Flag>, StoreError>;

    /// All invitations, newest first.
    async fn invitations(&self, page: PageRequest) -> Result<Page<ListedInvitation>, StoreError>;

    /// The users whose username or address contains `search`, by username; deleted ones that are not purged included.
    async fn users(&self, search: Option<String>, page: PageRequest) -> Result<Page<ListedUser>, StoreError>;

    /// The entries that `filter` selects, newest first.
    async fn audit(&self, filter: &AuditFilter, page: PageRequest) -> Result<Page<AuditEntry>, StoreError>;
}
