//! What is asked for when a profile is looked up.

use domain::ids::UserId;
use domain::users::Username;
use time::OffsetDateTime;

/// Who looks at whose profile, and when.
#[derive(Debug, Clone)]
pub(crate) struct ProfileLookUp {
    pub(crate) name: Username,
    pub(crate) viewer: Option<UserId>,
    pub(crate) now: OffsetDateTime,
}
