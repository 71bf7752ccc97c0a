//! The parameters of a list of notifications.

use domain::notifications::NotificationQuery;

use crate::validation::{Flag, Int, LARGEST, Or, query};

query! {
    /// `?limit=50&offset=0&unread_only=false`.
    pub(super) struct ListQuery {
        /// The number of notifications at most.
        limit: Or<50, Int<u32, 1, 100>>,
        /// The number of newer notifications to skip.
        offset: Or<0, Int<u64, 0, LARGEST>>,
        /// Whether to leave out notifications that are marked as read.
        unread_only: Flag<false>,
    }
}

impl From<ListQuery> for NotificationQuery {
    fn from(ListQuery { limit, offset, unread_only }: ListQuery) -> Self {
        Self { limit, offset, unread_only }
    }
}
