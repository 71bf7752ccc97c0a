//! Errors of administration.

use thiserror::Error;
use time::OffsetDateTime;

use crate::error::{DomainError, ErrorKind, StoreError, Subject};
use crate::ids::JobId;
use crate::jobs::JobStatus;
use crate::users::Username;

/// Why a use case of administrators failed. Nothing was changed or logged.
#[derive(Debug, Error)]
pub enum AdministrationError {
    /// The caller is no administrator, or calls with an API token.
    #[error("This request needs an administrator who is signed in with a session.")]
    NotAnAdministrator,
    #[error("There is no user {0}.")]
    UnknownUser(String),
    #[error("This account is already flagged. Lift the flag first.")]
    FlaggedAlready,
    #[error("This account is not flagged.")]
    NotFlagged(Username),
    /// The flag's expiry is not in the future.
    #[error("The expiry of a flag must be in the future.")]
    FlagEndsBefore(OffsetDateTime),
    #[error("There is no job {0}.")]
    UnknownJob(JobId),
    /// The state of the job does not permit this.
    #[error("The state of this job ({0}) does not permit this action.")]
    JobIs(JobStatus),
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
    fn administration_errors_keep_api_contract() {
        assert_promises([
            (
                AdministrationError::NotAnAdministrator,
                ErrorKind::Forbidden,
                "not_an_administrator",
                None,
                "This request needs an administrator who is signed in with a session.",
            ),
            (
                AdministrationError::UnknownUser("eve".into()),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "username", "eve")),
                "There is no user eve.",
            ),
            (
                AdministrationError::FlaggedAlready,
                ErrorKind::Conflict,
                "flagged_already",
                Some(Subject::unnamed("Flag", "username")),
                "This account is already flagged. Lift the flag first.",
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
                "The expiry of a flag must be in the future.",
            ),
            (
                AdministrationError::UnknownJob(JobId(Uuid::from_u128(7))),
                ErrorKind::NotFound,
                "unknown_job",
                Some(Subject::new("Job", "id", "00000000-0000-0000-0000-000000000007")),
                "There is no job 00000000-0000-0000-0000-000000000007.",
            ),
            (
                AdministrationError::JobIs(JobStatus::Running),
                ErrorKind::Conflict,
                "job_in_another_state",
                Some(Subject::unnamed("Job", "status")),
                "The state of this job (running) does not permit this action.",
            ),
        ]);
    }
}
