//! What accounts need from outside.

use async_trait::async_trait;

use super::account::Account;
use crate::error::StoreError;
use crate::ids::UserId;

/// What locking several accounts without waiting came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Locks {
    /// The accounts that are locked now.
    pub accounts: Vec<(UserId, Account)>,
    /// The accounts that another transaction has locked.
    pub busy: Vec<UserId>,
}

/// Locks accounts: an account's usage, zone and progress are changed under its lock.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AccountRepository: Send {
    /// Waits until nobody else changes the account's ledger or zone, and keeps it so until the end of the transaction.
    /// `None` when there is no such account.
    async fn lock(&mut self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// Locks those of `users` that no other transaction has locked, without waiting for the others. A user without an account
    /// is left out. One round trip. `lock_together` is how to use it.
    async fn try_lock_all(&mut self, users: &[UserId]) -> Result<Locks, StoreError>;

    /// Locks what counts the activities of `users`, whose accounts are locked already, in the order of their ids.
    async fn lock_counts(&mut self, users: &[UserId]) -> Result<(), StoreError>;
}
