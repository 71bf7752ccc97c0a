//! The use cases of projects.

use super::error::ProjectError;
use super::project::{MOST_PROJECTS, Project, ProjectChange, ProjectDetails};
use crate::deps::Deps;
use crate::ids::{ProjectId, UserId};
use crate::store::UnitOfWork;

/// Lists, adds, changes and deletes projects.
#[derive(Clone)]
pub struct Projects {
    deps: Deps,
}

impl Projects {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// The projects of `owner` that `viewer` may see, featured ones first, then the newest.
    pub async fn shown(&self, owner: UserId, viewer: Option<UserId>) -> Result<Vec<Project>, ProjectError> {
        Ok(self.deps.reads().projects().shown(owner, viewer).await?)
    }

    pub async fn find(&self, owner: UserId, id: ProjectId) -> Result<Project, ProjectError> {
        find(&mut *self.deps.begin().await?, owner, id).await
    }

    /// Adds a project to the profile of `owner`. Fails at [`MOST_PROJECTS`].
    pub async fn add(&self, owner: UserId, details: ProjectDetails) -> Result<Project, ProjectError> {
        self.deps.retried(|| self.add_once(owner, details.clone())).await
    }

    async fn add_once(&self, owner: UserId, details: ProjectDetails) -> Result<Project, ProjectError> {
        let mut tx = self.begin(owner).await?;
        if tx.projects().count(owner).await? >= u64::from(MOST_PROJECTS) {
            return Err(ProjectError::LimitReached);
        }
        let now = self.deps.now();
        let project = Project { id: ProjectId(self.deps.ids.fresh()), details, created_at: now, updated_at: now };
        tx.projects().insert(owner, &project).await?;
        tx.commit().await?;
        Ok(project)
    }

    pub async fn change(&self, owner: UserId, id: ProjectId, change: ProjectChange) -> Result<Project, ProjectError> {
        self.deps.retried(|| self.change_once(owner, id, change.clone())).await
    }

    async fn change_once(&self, owner: UserId, id: ProjectId, change: ProjectChange) -> Result<Project, ProjectError> {
        let mut tx = self.begin(owner).await?;
        let mut project = find(&mut *tx, owner, id).await?;
        project.apply(change, self.deps.now());
        tx.projects().update(owner, &project).await?;
        tx.commit().await?;
        Ok(project)
    }

    pub async fn delete(&self, owner: UserId, id: ProjectId) -> Result<(), ProjectError> {
        self.deps.retried(|| self.delete_once(owner, id)).await
    }

    async fn delete_once(&self, owner: UserId, id: ProjectId) -> Result<(), ProjectError> {
        let mut tx = self.deps.begin().await?;
        if !tx.projects().delete(owner, id).await? {
            return Err(ProjectError::UnknownProject(id));
        }
        Ok(tx.commit().await?)
    }

    /// A transaction with the account's lock: concurrent requests neither exceed the limit nor overwrite each other.
    async fn begin(&self, owner: UserId) -> Result<Box<dyn UnitOfWork>, ProjectError> {
        let mut tx = self.deps.begin().await?;
        tx.accounts().lock(owner).await?.ok_or(ProjectError::UnknownUser(owner))?;
        Ok(tx)
    }
}

async fn find(tx: &mut dyn UnitOfWork, owner: UserId, id: ProjectId) -> Result<Project, ProjectError> {
    tx.projects().find(owner, id).await?.ok_or(ProjectError::UnknownProject(id))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pollster::block_on;
    use time::{Duration, OffsetDateTime};
    use uuid::Uuid;

    use super::*;
    use crate::projects::{Description, Title};
    use crate::testing::{TestUnitOfWork, variant};
    use crate::usage::testing::{NOW, account};
    use crate::users::WebUrl;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));
    const STORED: ProjectId = ProjectId(Uuid::from_u128(9));
    const ADDED: OffsetDateTime = NOW.saturating_sub(Duration::DAY);

    fn details() -> ProjectDetails {
        ProjectDetails {
            title: Some(Title::trusted("burntop")),
            description: Some(Description::trusted("Counts tokens.")),
            url: WebUrl::trusted("https://example.org"),
            is_featured: false,
        }
    }

    /// Ada has `count` projects, among them `STORED`; also counts commits.
    fn projects(count: u64) -> (Projects, Arc<AtomicUsize>) {
        let commits = Arc::new(AtomicUsize::new(0));
        let counter = commits.clone();
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counter.clone(), ..TestUnitOfWork::default() };
            tx.accounts.expect_lock().returning(|user| Ok((user == ADA).then(account)));
            tx.projects.expect_count().returning(move |_| Ok(count));
            tx.projects.expect_find().returning(|owner, id| {
                let stored = Project { id, details: details(), created_at: ADDED, updated_at: ADDED };
                Ok(((owner, id) == (ADA, STORED)).then_some(stored))
            });
            tx.projects.expect_insert().returning(|_, _| Ok(()));
            tx.projects.expect_update().returning(|_, _| Ok(()));
            tx.projects.expect_delete().returning(|owner, id| Ok((owner, id) == (ADA, STORED)));
            tx
        });
        (Projects::new(store.deps()), commits)
    }

    #[test]
    fn add_twentieth_project_is_stored_and_next_is_refused() {
        let (nineteen, commits) = projects(19);
        let added = block_on(nineteen.add(ADA, details())).expect("there is room");
        assert_eq!((added.details, added.created_at, added.updated_at), (details(), NOW, NOW));
        assert_eq!(commits.load(Ordering::SeqCst), 1);
        let (twenty, commits) = projects(20);
        let refused = block_on(twenty.add(ADA, details())).expect_err("the limit");
        assert_eq!((variant(&refused), commits.load(Ordering::SeqCst)), ("LimitReached", 0));
        let deleted = block_on(nineteen.add(BOB, details())).expect_err("no such account");
        assert_eq!(variant(&deleted), "UnknownUser");
    }

    #[test]
    fn change_sets_given_fields_and_keeps_others() {
        let featured = ProjectChange { is_featured: Some(true), ..ProjectChange::default() };
        let cleared = ProjectChange { description: Some(None), ..ProjectChange::default() };
        let same = ProjectChange { title: Some(details().title), ..ProjectChange::default() };
        for (name, change, expected, updated_at) in [
            ("featured", featured, ProjectDetails { is_featured: true, ..details() }, NOW),
            ("cleared", cleared, ProjectDetails { description: None, ..details() }, NOW),
            ("same title", same, details(), ADDED),
            ("nothing", ProjectChange::default(), details(), ADDED),
        ] {
            let (projects, commits) = projects(1);
            let changed = block_on(projects.change(ADA, STORED, change)).expect("a project");
            assert_eq!(
                (changed.details, changed.created_at, changed.updated_at),
                (expected, ADDED, updated_at),
                "{name}"
            );
            assert_eq!(commits.load(Ordering::SeqCst), 1, "{name}");
        }
    }

    #[test]
    fn project_of_other_user_is_unknown() {
        let other = ProjectId(Uuid::from_u128(8));
        let (projects, commits) = projects(1);
        let errors = [
            block_on(projects.find(BOB, STORED)).err(),
            block_on(projects.find(ADA, other)).err(),
            block_on(projects.change(ADA, other, ProjectChange::default())).err(),
            block_on(projects.delete(BOB, STORED)).err(),
            block_on(projects.delete(ADA, other)).err(),
        ];
        assert_eq!(errors.map(|error| error.map(|error| variant(&error))), [Some("UnknownProject"); 5]);
        assert_eq!(commits.load(Ordering::SeqCst), 0);
        assert!(block_on(projects.delete(ADA, STORED)).is_ok());
    }
}
