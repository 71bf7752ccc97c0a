//! What can go wrong when somebody administers.

use thiserror::Error;
use time::OffsetDateTime;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
use crate::ids::JobId;
use crate::jobs::JobStatus;
use crate::users::Username;

/// Why a use case of administrators failed; nothing was changed, and nothing written to the log.
#[derive(Debug, Error)]
pub enum AdministrationError {
    /// Who asks is no administrator, or calls with an API token.
    #[error("This is for administrators.")]
    NotAnAdministrator,
    /// There is no such account.
    #[error("There is no such user.")]
    UnknownUser(String),
    /// The account is kept off the boards already.
    #[error("This account is flagged already.")]
    FlaggedAlready,
    /// Nothing keeps the account off the boards.
    #[error("This account is not flagged.")]
    NotFlagged(Username),
    /// A flag would be over before it begins.
    #[error("A flag cannot end before it begins.")]
    FlagEndsBefore(OffsetDateTime),
    /// There is no such job.
    #[error("There is no such job.")]
    UnknownJob(JobId),
    /// The job is in a state in which this cannot be done to it.
    #[error("This job is {0}.")]
    JobIs(JobStatus),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for AdministrationError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotAnAdministrator => ErrorKind::Forbidden,
            Self::UnknownUser(_) | Self::NotFlagged(_) | Self::UnknownJob(_) => ErrorKind::NotFound,
            Self::FlaggedAlready | Self::JobIs(_) => ErrorKind::Conflict,
            Self::FlagEndsBefore(_) => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotAnAdministrator => "not_an_administrator",
            Self::UnknownUser(_) => "unknown_user",
            Self::FlaggedAlready => "flagged_already",
            Self::NotFlagged(_) => "not_flagged",
            Self::FlagEndsBefore(_) => "flag_ends_before",
            Self::UnknownJob(_) => "unknown_job",
            Self::JobIs(_) => "job_in_another_state",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::UnknownUser(name) => Some(Subject::new("User", "username", name.clone())),
            Self::FlaggedAlready => Some(Subject::unnamed("Flag", "username")),
            Self::NotFlagged(name) => Some(Subject::new("Flag", "username", name.as_str())),
            Self::UnknownJob(id) => Some(Subject::new("Job", "id", id.to_string())),
            Self::JobIs(_) => Some(Subject::unnamed("Job", "status")),
            Self::NotAnAdministrator | Self::FlagEndsBefore(_) => None,
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn each_error_of_administration_is_as_the_api_promises() {
        assert_promises([
            (
                AdministrationError::NotAnAdministrator,
                ErrorKind::Forbidden,
                "not_an_administrator",
                None,
                "This is for administrators.",
            ),
            (
                AdministrationError::UnknownUser("eve".into()),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "username", "eve")),
                "There is no such user.",
            ),
            (
                AdministrationError::FlaggedAlready,
                ErrorKind::Conflict,
                "flagged_already",
                Some(Subject::unnamed("Flag", "username")),
                "This account is flagged already.",
            ),
            (
                AdministrationError::NotFlagged(Username::trusted("ada")),
                ErrorKind::NotFound,
                "not_flagged",
                Some(Subject::new("Flag", "username", "ada")),
                "This account is not flagged.",
            ),
            (
                AdministrationError::FlagEndsBefore(datetime!(2026-11-22 12:00 UTC)),
                ErrorKind::Invalid,
                "flag_ends_before",
                None,
                "A flag cannot end before it begins.",
            ),
            (
                AdministrationError::UnknownJob(JobId(Uuid::from_u128(7))),
                ErrorKind::NotFound,
                "unknown_job",
                Some(Subject::new("Job", "id", "00000000-0000-0000-0000-000000000007")),
                "There is no such job.",
            ),
            (
                AdministrationError::JobIs(JobStatus::Running),
                ErrorKind::Conflict,
                "job_in_another_state",
                Some(Subject::unnamed("Job", "status")),
                "This job is running.",
            ),
        ]);
    }
}
