use async_trait::async_trait;

use super::account::Account;
use crate::error::StoreError;
use crate::ids::UserId;

/// The result of locking several accounts without waiting.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Locks {
    /// The accounts that this transaction has locked.
    pub accounts: Vec<(UserId, Account)>,
    /// The accounts that another transaction has locked.
    pub busy: Vec<UserId>,
}

/// Locks accounts (I1). A lock is held until the end of the transaction.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait AccountRepository: Send {
    /// Waits for the account's lock and reads the account; `None` if there is none. The transaction must hold no other account's
    /// lock (I2).
    async fn lock(&mut self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// Locks the accounts of `users` that no other transaction has locked, without waiting, in one round trip. A user without an
    /// account is left out. Use cases call it through `lock_together`.
    async fn try_lock_all(&mut self, users: &[UserId]) -> Result<Locks, StoreError>;

    /// Locks the rows of `social_counts` of `users`, in the order of the ids, after the locks of the accounts (I13).
    async fn lock_counts(&mut self, users: &[UserId]) -> Result<(), StoreError>;
}
