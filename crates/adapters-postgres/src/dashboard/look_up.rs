//! The look-up of a profile, apart from how it is read.

use domain::ids::UserId;
use domain::users::Username;
use time::OffsetDateTime;

/// The name of a profile, its viewer, and the time.
#[derive(Debug, Clone)]
pub(crate) struct ProfileLookUp {
    pub(crate) name: Username,
    pub(crate) viewer: Option<UserId>,
    pub(crate) now: OffsetDateTime,
}
