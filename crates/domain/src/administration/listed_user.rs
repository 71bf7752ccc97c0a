//! Users as administrators see them.

use time::OffsetDateTime;

use crate::identity::Email;
use crate::ids::UserId;
use crate::users::Username;

/// A user as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    pub id: UserId,
    pub username: Username,
    pub email: Option<Email>,
    pub is_email_verified: bool,
    pub is_public: bool,
    pub is_admin: bool,
    pub created_at: OffsetDateTime,
    /// The last use of a session or API token, exact to some minutes.
    pub last_seen_at: Option<OffsetDateTime>,
    pub messages: u64,
    pub state: UserState,
}

/// Whether a user can use the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserState {
    Active,
    /// An administrator disabled it at this instant.
    Disabled(OffsetDateTime),
    /// It was deleted at this instant and is purged after the grace period. Its owner can restore it unless an administrator
    /// deleted it.
    Deleted {
        at: OffsetDateTime,
        can_return: bool,
    },
}
