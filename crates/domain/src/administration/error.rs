//! Errors of administration.

use thiserror::Error;
use time::OffsetDateTime;

use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
use crate::ids::{InvitationId, JobId};
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
    #[error("Administrators cannot disable or delete their own account here. Use DELETE /users/me.")]
    OwnAccount,
    /// Administrators would otherwise take over each other's accounts.
    #[error("Only the operator of this server changes the account of an administrator, with `worker user`.")]
    IsAdministrator,
    #[error("The account {0} is active.")]
    IsActive(Username),
    #[error("The account {0} is disabled or deleted.")]
    IsNotActive(Username),
    /// Only the owner restores it, by signing in.
    #[error("The owner deleted the account {0}, and can restore it by signing in.")]
    OwnerDeleted(Username),
    #[error("This account is already flagged. Lift the flag first.")]
    FlaggedAlready,
    #[error("This account is not flagged.")]
    NotFlagged(Username),
    /// The flag's expiry is not in the future.
    #[error("The expiry of a flag must be in the future.")]
    FlagEndsBefore(OffsetDateTime),
    #[error("There is no unused invitation {0}.")]
    UnknownInvitation(InvitationId),
    #[error("An invitation must expire in the future, and at most 90 days from now.")]
    InvitationLifetime,
    #[error("There is no job {0}.")]
    UnknownJob(JobId),
    /// The state of the job does not permit this.
    #[error("The state of this job ({0}) does not permit this action.")]
    JobIs(JobStatus),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for AdministrationError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::NotAnAdministrator => ErrorKind::Forbidden.into(),
            Self::UnknownUser(name) => ErrorKind::NotFound.about("User", "username", name),
            Self::NotFlagged(name) => ErrorKind::NotFound.about("Flag", "username", name),
            Self::UnknownInvitation(id) => ErrorKind::NotFound.about("Invitation", "id", id),
            Self::UnknownJob(id) => ErrorKind::NotFound.about("Job", "id", id),
            Self::OwnAccount | Self::IsAdministrator => ErrorKind::Conflict.in_field("User", "username"),
            Self::IsActive(name) | Self::IsNotActive(name) | Self::OwnerDeleted(name) => {
                ErrorKind::Conflict.about("User", "username", name)
            }
            Self::FlaggedAlready => ErrorKind::Conflict.in_field("Flag", "username"),
            Self::JobIs(_) => ErrorKind::Conflict.in_field("Job", "status"),
            Self::FlagEndsBefore(_) | Self::InvitationLifetime => ErrorKind::Invalid.into(),
            Self::Store(error) => error.details(),
        }
    }
}
