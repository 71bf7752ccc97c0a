//! What profiles need from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::profile::{User, Username};
use crate::days::Zone;
use crate::identity::{Email, PasswordHash};
use crate::ids::UserId;
use crate::store::StoreError;

/// Stores accounts. Accounts that were deleted are not found.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UserRepository: Send {
    /// Stores a new account, with the rows that its usage will be counted in.
    /// A collision is a [`StoreError::Conflict`] with `users_email_key` or `users_username_key`.
    async fn insert(&mut self, user: &User, password: Option<PasswordHash>) -> Result<(), StoreError>;

    /// Stores everything of `user` but its zone. Collides like [`insert`](Self::insert).
    async fn update(&mut self, user: &User) -> Result<(), StoreError>;

    /// Gives `user` another password.
    async fn set_password(&mut self, user: UserId, password: PasswordHash) -> Result<(), StoreError>;

    /// Sets the zone `user` lives in.
    async fn set_zone(&mut self, user: UserId, zone: &Zone) -> Result<(), StoreError>;

    /// Takes the address `email` from `user` at `now`, unless its owner has verified it or has another by now; says
    /// whether it did.
    async fn release_email(&mut self, user: UserId, email: &Email, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Those of `names` that nobody has, in the same order. Names of deleted accounts are taken.
    async fn free_usernames(&mut self, names: &[Username]) -> Result<Vec<Username>, StoreError>;

    /// The account with that id.
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The account with that address, with its password.
    async fn find_by_email(&mut self, email: &Email) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// The account with that username, with its password.
    async fn find_by_username(&mut self, name: &Username) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;
}
