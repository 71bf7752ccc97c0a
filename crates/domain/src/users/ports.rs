//! Ports of users.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::leaving::{Presence, PurgeReport, Suspension};
use super::profile::{User, Username};
use super::viewed_profile::FoundProfile;
use crate::days::Zone;
use crate::error::StoreError;
use crate::identity::{Email, PasswordHash, SignInName};
use crate::ids::UserId;

/// Reads active accounts outside a transaction, each method with one statement.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ProfileReader: Send + Sync {
    /// The user `name`, and whether `viewer` (`None` is anonymous) may see the profile.
    async fn find(&self, name: &Username, viewer: Option<UserId>) -> Result<Option<FoundProfile>, StoreError>;

    /// The users of `names` whose profiles `viewer` may see.
    async fn visible_among(&self, names: &[Username], viewer: Option<UserId>) -> Result<Vec<User>, StoreError>;

    async fn account(&self, user: UserId) -> Result<Option<User>, StoreError>;
}

/// Stores accounts. Deleted accounts are not found, unless a method states otherwise.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UserRepository: Send {
    /// Stores a new account with the rows of its usage sums. A collision is a [`StoreError::Conflict`] with `users_email_key` or
    /// `users_username_key`.
    async fn insert(&mut self, user: &User, password: Option<PasswordHash>) -> Result<(), StoreError>;

    /// Stores username, profile and visibility of `user`. Address, verification and zone have methods of their own. Collides
    /// like [`insert`](Self::insert).
    async fn update(&mut self, user: &User) -> Result<(), StoreError>;

    async fn set_password(&mut self, user: UserId, password: PasswordHash) -> Result<(), StoreError>;

    async fn has_password(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Marks the address of `user` as verified at `now`, if it is still `email`; returns whether it is.
    async fn verify_email(&mut self, user: UserId, email: &Email, now: OffsetDateTime) -> Result<bool, StoreError>;

    async fn set_zone(&mut self, user: UserId, zone: &Zone) -> Result<(), StoreError>;

    /// Takes the address `email` from `user` at `now`, unless it is verified or another one by now; returns whether it did.
    async fn release_email(&mut self, user: UserId, email: &Email, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// The free ones of `names`, in the same order. Names of deleted accounts are not free.
    async fn free_usernames(&mut self, names: &[Username]) -> Result<Vec<Username>, StoreError>;

    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    async fn find_with_password(&mut self, id: UserId) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// The account with this sign-in name and its password; also one deleted after `left_after`, and a suspended one.
    async fn find_for_sign_in(
        &mut self,
        name: &SignInName,
        left_after: OffsetDateTime,
    ) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    async fn find_by_username(&mut self, name: &Username) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// The presence of `user`, locked until the end of the transaction; `None` if the account does not exist.
    async fn hold(&mut self, user: UserId) -> Result<Option<Presence>, StoreError>;

    /// Stores an administrator's decision about `user`, or removes it. A suspended account is also [deleted](Self::set_left).
    async fn set_suspension(&mut self, user: UserId, suspension: Option<Suspension>) -> Result<(), StoreError>;

    /// Ends the links for a new password that administrators made for `user`.
    async fn end_password_links(&mut self, user: UserId, now: OffsetDateTime) -> Result<(), StoreError>;

    /// When [`end_password_links`](Self::end_password_links) was called last.
    async fn password_links_ended_at(&mut self, user: UserId) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Marks `user` as deleted at `at`, or as active.
    async fn set_left(&mut self, user: UserId, at: Option<OffsetDateTime>) -> Result<(), StoreError>;
}

/// Purges accounts.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PurgeRepository: Send {
    /// Takes one of the accounts deleted at `gone_by` or before, except `others` and disabled ones; from the end of this transaction it cannot be
    /// restored. A partly purged one is first; one that another transaction has locked is skipped.
    async fn take(&mut self, gone_by: OffsetDateTime, others: &[UserId]) -> Result<Option<UserId>, StoreError>;

    /// Removes up to `limit` rows owned by `user`. The account itself is removed with the last ones.
    async fn erase(&mut self, user: UserId, limit: u32) -> Result<PurgeReport, StoreError>;
}
