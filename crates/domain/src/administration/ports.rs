//! What administrators need from outside.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::administrator::ListedAdministrator;
use super::audit::{AuditEntry, AuditFilter, AuditRecord};
use super::flag::{Flag, FlagOrder};
use crate::error::StoreError;
use crate::ids::UserId;
use crate::page::{Page, PageRequest};

/// Stores who administers, what keeps accounts off the boards, and the log.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AdministrationRepository: Send {
    /// Makes `user` an administrator, or none; says whether they were not so before.
    async fn set_administrator(&mut self, user: UserId, administers: bool) -> Result<bool, StoreError>;

    /// Keeps `user` off the boards from `now` on, as `by` decided; says no where a flag stands. Notes of one that was over
    /// by `now` that it was.
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

    /// Adds an entry to the log.
    async fn record(&mut self, entry: &AuditRecord) -> Result<(), StoreError>;
}

/// Reads who administers, and what they did.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AdministrationReader: Send + Sync {
    /// Whether `user` is there and an administrator.
    async fn is_administrator(&self, user: UserId) -> Result<bool, StoreError>;

    /// All administrators, by username, those who left included.
    async fn administrators(&self) -> Result<Vec<ListedAdministrator>, StoreError>;

    /// The flags that stand and those of the past, the newest first.
    async fn flags(&self, page: PageRequest) -> Result<Page<Flag>, StoreError>;

    /// The entries of the log that `filter` asks for, the newest first.
    async fn audit(&self, filter: &AuditFilter, page: PageRequest) -> Result<Page<AuditEntry>, StoreError>;
}
