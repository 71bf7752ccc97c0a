//! The projects of an account and their keys.

use std::collections::{BTreeSet, HashMap};

use domain::usage::ProjectName;
use domain::usage::room::MOST_PROJECT_NAMES;

use crate::prelude::*;
use crate::schema::usage_projects;
use crate::unit_of_work::PgUnitOfWork;

/// The key of messages without a project.
const NO_PROJECT: i16 = 0;

/// The projects of one account that a transaction knows. They are not cached for longer: a key can be given to another project.
#[derive(Debug, Default)]
pub(crate) struct AccountProjects {
    user: Option<UserId>,
    keys: HashMap<ProjectName, i16>,
    names: HashMap<i16, ProjectName>,
}

#[derive(QueryableByName)]
#[diesel(table_name = usage_projects)]
pub(super) struct ProjectRow {
    key: i16,
    name: String,
}

impl AccountProjects {
    /// Forgets the projects of another account than `user`: their keys mean nothing here.
    pub(super) fn switch_to(&mut self, user: UserId) {
        if self.user != Some(user) {
            *self = Self { user: Some(user), ..Self::default() };
        }
    }

    /// Adds projects of `user`.
    pub(super) fn add(&mut self, user: UserId, rows: Vec<ProjectRow>) {
        self.switch_to(user);
        for ProjectRow { key, name } in rows {
            let name = ProjectName::trusted(name);
            self.keys.insert(name.clone(), key);
            self.names.insert(key, name);
        }
    }

    pub(super) fn has(&self, project: &ProjectName) -> bool {
        self.keys.contains_key(project)
    }

    /// The key that messages of `project` have.
    pub(super) fn key(&self, project: Option<&ProjectName>) -> Result<i16, StoreError> {
        let Some(project) = project else { return Ok(NO_PROJECT) };
        let unknown = || StoreError::Internal("a message is of a project that the account does not have".to_owned());
        self.keys.get(project).copied().ok_or_else(unknown)
    }

    /// The project of messages with `key`.
    pub(super) fn name(&self, key: i16) -> Result<Option<ProjectName>, StoreError> {
        if key == NO_PROJECT {
            return Ok(None);
        }
        let unknown = || StoreError::Internal("a row has an unknown project".to_owned());
        self.names.get(&key).cloned().map(Some).ok_or_else(unknown)
    }
}

/// Makes the missing ones of `projects` and reads [`ProjectRow`]s.
pub(super) fn make_projects(user: UserId, projects: &[ProjectName]) -> Statement<'_> {
    statement(include_str!("make_projects.sql"))
        .bind::<SqlUuid>(user.0)
        .bind_array::<Text>(projects.iter().map(ProjectName::as_str))
        .bind::<Integer>(i32::try_from(MOST_PROJECT_NAMES).unwrap_or(i32::MAX))
}

impl PgUnitOfWork {
    /// Learns the names of the projects of `user` with these keys.
    pub(super) async fn learn_projects(&mut self, user: UserId, mut keys: BTreeSet<i16>) -> Result<(), StoreError> {
        self.projects.switch_to(user);
        keys.retain(|key| *key != NO_PROJECT && !self.projects.names.contains_key(key));
        if keys.is_empty() {
            return Ok(());
        }
        let query = statement(include_str!("find_projects.sql")).bind::<SqlUuid>(user.0).bind_array::<SmallInt>(keys);
        let rows = query.rows(self.connection()?).await?;
        self.projects.add(user, rows);
        Ok(())
    }
}
