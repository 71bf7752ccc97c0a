//! What profiles need from outside.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::leaving::{Presence, Purged};
use super::profile::{User, Username};
use super::profiles::FoundProfile;
use crate::days::Zone;
use crate::error::StoreError;
use crate::identity::{Email, PasswordHash, SignInName};
use crate::ids::UserId;

/// Reads accounts outside any transaction, each method with one statement. Accounts that were deleted are not found.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ProfileReader: Send + Sync {
    /// The person called `name`, and whether `viewer` (nobody, when anonymous) may see their profile.
    async fn find(&self, name: &Username, viewer: Option<UserId>) -> Result<Option<FoundProfile>, StoreError>;

    /// Those of the people called `names` whose profiles `viewer` may see.
    async fn visible_among(&self, names: &[Username], viewer: Option<UserId>) -> Result<Vec<User>, StoreError>;

    /// The account of `user`.
    async fn account(&self, user: UserId) -> Result<Option<User>, StoreError>;
}

/// Stores accounts. Accounts that were deleted are not found, unless a method says otherwise.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait UserRepository: Send {
    /// Stores a new account, with the rows that its usage will be counted in.
    /// A collision is a [`StoreError::Conflict`] with `users_email_key` or `users_username_key`.
    async fn insert(&mut self, user: &User, password: Option<PasswordHash>) -> Result<(), StoreError>;

    /// Stores the username of `user`, its profile and who may see it. Its address, whether that is known to be its own, and its
    /// zone have methods of their own, and stay. Collides like [`insert`](Self::insert).
    async fn update(&mut self, user: &User) -> Result<(), StoreError>;

    /// Gives `user` another password.
    async fn set_password(&mut self, user: UserId, password: PasswordHash) -> Result<(), StoreError>;

    /// Whether `user` has a password.
    async fn has_password(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Notes at `now` that the address of `user` was shown to be theirs, if it is `email` still; says whether it is.
    async fn verify_email(&mut self, user: UserId, email: &Email, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Sets the zone `user` lives in.
    async fn set_zone(&mut self, user: UserId, zone: &Zone) -> Result<(), StoreError>;

    /// Takes the address `email` from `user` at `now`, unless its owner has verified it or has another by now; says
    /// whether it did.
    async fn release_email(&mut self, user: UserId, email: &Email, now: OffsetDateTime) -> Result<bool, StoreError>;

    /// Those of `names` that nobody has, in the same order. Names of deleted accounts are taken.
    async fn free_usernames(&mut self, names: &[Username]) -> Result<Vec<Username>, StoreError>;

    /// The account with that id.
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The account with that id, with its password.
    async fn find_with_password(&mut self, id: UserId) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// The account that somebody signs in to by `name`, with its password: also one that was deleted after `left_after`.
    async fn find_for_sign_in(
        &mut self,
        name: &SignInName,
        left_after: OffsetDateTime,
    ) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// The account with that username, with its password.
    async fn find_by_username(&mut self, name: &Username) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// Whether the account `user` is there or was deleted; neither changes until the end of the transaction. `None` when
    /// there is no such account.
    async fn hold(&mut self, user: UserId) -> Result<Option<Presence>, StoreError>;

    /// Makes `user` an account that was deleted at `at`, or one that is there.
    async fn set_left(&mut self, user: UserId, at: Option<OffsetDateTime>) -> Result<(), StoreError>;
}

/// Removes accounts for good.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait PurgeRepository: Send {
    /// Takes one of the accounts that were deleted at `gone_by` or before and are not among `others`, which from the end of this
    /// transaction on no clock brings back. One that was begun with comes first; one that another transaction has is passed over.
    async fn take(&mut self, gone_by: OffsetDateTime, others: &[UserId]) -> Result<Option<UserId>, StoreError>;

    /// Removes up to `limit` rows of what the account `user` owns. Once there are fewer, the account itself goes too.
    async fn erase(&mut self, user: UserId, limit: u32) -> Result<Purged, StoreError>;
}
