//! A user, and the viewer who asks.

use super::profile::User;
use crate::ids::UserId;

/// A user found by name.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundProfile {
    pub user: User,
    /// Whether the viewer may see more than id, username, name and image.
    pub is_visible: bool,
}

/// A user whose profile the viewer may see.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewedProfile {
    pub user: User,
    /// `None` is anonymous.
    pub viewer: Option<UserId>,
}

impl ViewedProfile {
    /// `user` as its owner sees it.
    pub fn own(user: User) -> Self {
        Self { viewer: Some(user.id), user }
    }
}
