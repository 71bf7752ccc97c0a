//! Somebody who administers this instance.

use crate::ids::UserId;
use crate::users::Username;

/// Somebody of whom it was looked up, in this request, that they administer this instance, and who calls through a session.
/// [`Administration::admit`](super::Administration::admit) alone makes one, so what takes it cannot be done by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    user: UserId,
    ip: Option<String>,
}

impl Administrator {
    /// Who was looked up, and from where they call.
    pub(super) fn admitted(user: UserId, ip: Option<String>) -> Self {
        Self { user, ip }
    }

    /// An administrator nobody was asked about; for tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn unchecked(user: UserId) -> Self {
        Self::admitted(user, Some("192.0.2.7".to_owned()))
    }

    /// The account.
    pub fn id(&self) -> UserId {
        self.user
    }

    /// The address they call from.
    pub fn ip(&self) -> Option<&str> {
        self.ip.as_deref()
    }
}

/// An administrator as the operator sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAdministrator {
    /// The account.
    pub id: UserId,
    /// Its name.
    pub username: Username,
    /// Whether the account was deleted; its owner may come back, and administers then.
    pub has_left: bool,
}
