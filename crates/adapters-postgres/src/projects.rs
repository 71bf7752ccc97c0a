//! Projects on profiles.

use domain::ids::ProjectId;
use domain::projects::ports::{ProjectReader, ProjectRepository};
use domain::projects::{Description, Project, ProjectDetails, Title};
use domain::users::WebUrl;

use crate::database::Database;
use crate::prelude::*;
use crate::schema::profile_projects;
use crate::unit_of_work::PgUnitOfWork;

#[derive(Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = profile_projects)]
pub(crate) struct ProjectRow {
    pub(crate) id: Uuid,
    title: Option<String>,
    description: Option<String>,
    url: String,
    is_featured: bool,
    pub(crate) created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl From<ProjectRow> for Project {
    fn from(row: ProjectRow) -> Self {
        Self {
            id: ProjectId(row.id),
            details: ProjectDetails {
                title: row.title.map(Title::trusted),
                description: row.description.map(Description::trusted),
                url: WebUrl::trusted(row.url),
                is_featured: row.is_featured,
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<&Project> for ProjectRow {
    fn from(project: &Project) -> Self {
        let ProjectDetails { title, description, url, is_featured } = &project.details;
        Self {
            id: project.id.0,
            title: title.as_ref().map(|title| title.as_str().to_owned()),
            description: description.as_ref().map(|description| description.as_str().to_owned()),
            url: url.as_str().to_owned(),
            is_featured: *is_featured,
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}

#[async_trait]
impl ProjectRepository for PgUnitOfWork {
    async fn count(&mut self, owner: UserId) -> Result<u64, StoreError> {
        let own = profile_projects::table.filter(profile_projects::user_id.eq(owner.0));
        let count: i64 = own.count().row(self.connection()?).await?;
        Ok(count.unsigned_abs())
    }

    async fn find(&mut self, owner: UserId, id: ProjectId) -> Result<Option<Project>, StoreError> {
        let row: Option<ProjectRow> = profile_projects::table
            .find(id.0)
            .filter(profile_projects::user_id.eq(owner.0))
            .select(ProjectRow::as_select())
            .optional(self.connection()?)
            .await?;
        Ok(row.map(Project::from))
    }

    async fn insert(&mut self, owner: UserId, project: &Project) -> Result<(), StoreError> {
        diesel::insert_into(profile_projects::table)
            .values((profile_projects::user_id.eq(owner.0), ProjectRow::from(project)))
            .exec(self.connection()?)
            .await
    }

    async fn update(&mut self, owner: UserId, project: &Project) -> Result<(), StoreError> {
        let row = ProjectRow::from(project);
        diesel::update(profile_projects::table.find(row.id).filter(profile_projects::user_id.eq(owner.0)))
            .set((
                profile_projects::title.eq(row.title),
                profile_projects::description.eq(row.description),
                profile_projects::url.eq(row.url),
                profile_projects::is_featured.eq(row.is_featured),
                profile_projects::updated_at.eq(row.updated_at),
            ))
            .exec(self.connection()?)
            .await
    }

    async fn delete(&mut self, owner: UserId, id: ProjectId) -> Result<bool, StoreError> {
        let project = profile_projects::table.find(id.0).filter(profile_projects::user_id.eq(owner.0));
        let deleted = diesel::delete(project).run(self.connection()?).await?;
        Ok(deleted > 0)
    }
}

#[async_trait]
impl ProjectReader for Database {
    async fn shown(&self, owner: UserId, viewer: Option<UserId>) -> Result<Vec<Project>, StoreError> {
        const SHOWN: &str =
            "SELECT project.id, title, description, url, is_featured, project.created_at, project.updated_at
            FROM visible_to($2) AS seen JOIN profile_projects AS project ON project.user_id = seen.id
            WHERE seen.id = $1 ORDER BY is_featured DESC, project.created_at DESC, project.id DESC";
        let rows: Vec<ProjectRow> = statement(SHOWN)
            .bind::<SqlUuid>(owner.0)
            .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().map(Project::from).collect())
    }
}
