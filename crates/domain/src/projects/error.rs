//! Errors of projects.

use thiserror::Error;

use super::project::MOST_PROJECTS;
use crate::error::{DomainError, ErrorDetails, ErrorKind, StoreError};
use crate::ids::{ProjectId, UserId};

/// Why a use case of projects failed. Nothing was changed.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// The account does not exist, or was deleted meanwhile.
    #[error("There is no such user.")]
    UnknownUser(UserId),
    #[error("This account has no project {0}.")]
    UnknownProject(ProjectId),
    #[error("Project limit reached ({MOST_PROJECTS}). Delete a project first.")]
    LimitReached,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DomainError for ProjectError {
    fn details(&self) -> ErrorDetails {
        match self {
            Self::UnknownUser(id) => ErrorKind::NotFound.about("User", "id", id),
            Self::UnknownProject(id) => ErrorKind::NotFound.about("Project", "id", id),
            Self::LimitReached => ErrorKind::Conflict.into(),
            Self::Store(error) => error.details(),
        }
    }
}
