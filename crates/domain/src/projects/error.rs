//! Errors of projects.

use thiserror::Error;

use super::project::MOST_PROJECTS;
use crate::error::{DomainError, ErrorKind, StoreError, Subject};
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
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownUser(_) | Self::UnknownProject(_) => ErrorKind::NotFound,
            Self::LimitReached => ErrorKind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownUser(_) => "unknown_user",
            Self::UnknownProject(_) => "unknown_project",
            Self::LimitReached => "project_limit_reached",
            Self::Store(error) => error.code(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        match self {
            Self::UnknownUser(id) => Some(Subject::new("User", "id", id.to_string())),
            Self::UnknownProject(id) => Some(Subject::new("Project", "id", id.to_string())),
            Self::LimitReached => None,
            Self::Store(error) => error.subject(),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing::assert_promises;

    #[test]
    fn project_errors_keep_api_contract() {
        let id = Uuid::from_u128(7);
        assert_promises([
            (
                ProjectError::UnknownUser(UserId(id)),
                ErrorKind::NotFound,
                "unknown_user",
                Some(Subject::new("User", "id", id.to_string())),
                "There is no such user.",
            ),
            (
                ProjectError::UnknownProject(ProjectId(id)),
                ErrorKind::NotFound,
                "unknown_project",
                Some(Subject::new("Project", "id", id.to_string())),
                "This account has no project 00000000-0000-0000-0000-000000000007.",
            ),
            (
                ProjectError::LimitReached,
                ErrorKind::Conflict,
                "project_limit_reached",
                None,
                "Project limit reached (20). Delete a project first.",
            ),
        ]);
    }
}
