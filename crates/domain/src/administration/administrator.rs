//! Proof that a caller is an administrator.

use crate::ids::UserId;
use crate::users::Username;

/// An account that was verified, in this request, to be an administrator and to call through a session. Only
/// [`Administration::admit`](super::Administration::admit) makes one, so a use case that takes it is closed to other callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    user: UserId,
    ip: Option<String>,
}

impl Administrator {
    pub(super) fn admitted(user: UserId, ip: Option<String>) -> Self {
        Self { user, ip }
    }

    /// An administrator without verification, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub fn unchecked(user: UserId) -> Self {
        Self::admitted(user, Some("192.0.2.7".to_owned()))
    }

    pub fn id(&self) -> UserId {
        self.user
    }

    /// The address of the call.
    pub fn ip(&self) -> Option<&str> {
        self.ip.as_deref()
    }
}

/// An administrator in the operator's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAdministrator {
    pub id: UserId,
    pub username: Username,
    /// Whether the account was deleted. It administers again if it is restored.
    pub has_left: bool,
}
