//! Ports of projects.

use async_trait::async_trait;

use super::project::Project;
use crate::error::StoreError;
use crate::ids::{ProjectId, UserId};

/// Stores projects. A project is found only through its owner.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ProjectRepository: Send {
    async fn count(&mut self, owner: UserId) -> Result<u64, StoreError>;

    async fn find(&mut self, owner: UserId, id: ProjectId) -> Result<Option<Project>, StoreError>;

    async fn insert(&mut self, owner: UserId, project: &Project) -> Result<(), StoreError>;

    /// Stores the details of a project of `owner` and the time of their change.
    async fn update(&mut self, owner: UserId, project: &Project) -> Result<(), StoreError>;

    /// Deletes the project `id` of `owner`; returns whether it existed.
    async fn delete(&mut self, owner: UserId, id: ProjectId) -> Result<bool, StoreError>;
}

/// Reads projects for profiles.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait ProjectReader: Send + Sync {
    /// The projects of `owner`, featured ones first, then the newest. Empty if `viewer` (`None` is anonymous) may not see the
    /// profile. One statement.
    async fn shown(&self, owner: UserId, viewer: Option<UserId>) -> Result<Vec<Project>, StoreError>;
}
