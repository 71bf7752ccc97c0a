//! Who administers, what keeps accounts off the boards, and the log.

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::administration::ports::{AdministrationReader, AdministrationRepository};
use domain::administration::{
    AdminActionKind, AuditActor, AuditEntry, AuditFilter, AuditRecord, Flag, FlagOrder, ListedAdministrator, Reason,
};
use domain::error::StoreError;
use domain::ids::UserId;
use domain::page::{Page, PageRequest};
use domain::payload::StoredData;
use domain::users::Username;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::payload::json;
use crate::schema::{account_flags, users};
use crate::statement::{Statement, statement};
use crate::unit_of_work::PgUnitOfWork;
use crate::users::lower;

#[async_trait]
impl AdministrationRepository for PgUnitOfWork {
    async fn set_administrator(&mut self, user: UserId, administers: bool) -> Result<bool, StoreError> {
        let other = users::table.find(user.0).filter(users::is_admin.ne(administers));
        let set = diesel::update(other).set(users::is_admin.eq(administers));
        Ok(set.execute(self.connection()?).await.map_err(store_error)? > 0)
    }

    async fn insert_flag(
        &mut self,
        id: Uuid,
        user: UserId,
        order: &FlagOrder,
        by: UserId,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let connection = self.connection()?;
        // One that is over stands in the way of the next until its end is noted.
        let over = account_flags::table
            .filter(account_flags::user_id.eq(user.0))
            .filter(account_flags::lifted_at.is_null())
            .filter(account_flags::expires_at.le(now));
        diesel::update(over)
            .set(account_flags::lifted_at.eq(account_flags::expires_at))
            .execute(connection)
            .await
            .map_err(store_error)?;
        let row = (
            account_flags::id.eq(id),
            account_flags::user_id.eq(user.0),
            account_flags::reason.eq(order.reason.as_str()),
            account_flags::flagged_by.eq(by.0),
            account_flags::created_at.eq(now),
            account_flags::expires_at.eq(order.expires_at),
        );
        let insert = diesel::insert_into(account_flags::table).values(row).on_conflict_do_nothing();
        Ok(insert.execute(connection).await.map_err(store_error)? > 0)
    }

    async fn lift_flag(&mut self, user: UserId, now: OffsetDateTime) -> Result<Option<Uuid>, StoreError> {
        let standing = account_flags::table
            .filter(account_flags::user_id.eq(user.0))
            .filter(account_flags::lifted_at.is_null())
            .filter(account_flags::expires_at.is_null().or(account_flags::expires_at.gt(now)));
        diesel::update(standing)
            .set(account_flags::lifted_at.eq(now))
            .returning(account_flags::id)
            .get_result(self.connection()?)
            .await
            .optional()
            .map_err(store_error)
    }

    async fn record(&mut self, entry: &AuditRecord) -> Result<(), StoreError> {
        let AuditRecord { id, at, actor, action } = entry;
        let administrator = match actor {
            AuditActor::Operator => None,
            AuditActor::Administrator(administrator) => Some(administrator),
        };
        statement::<()>(include_str!("insert_audit_record.sql"))
            .bind::<SqlUuid, _>(*id)
            .bind::<Timestamptz, _>(*at)
            .bind::<Bool, _>(administrator.is_none())
            .bind::<Nullable<SqlUuid>, _>(administrator.map(|administrator| administrator.id().0))
            .bind::<Text, _>(action.kind.name())
            .bind::<Text, _>(action.target.kind())
            .bind::<Text, _>(action.target.name())
            .bind::<Text, _>(json(&action.details))
            .bind::<Nullable<Text>, _>(administrator.and_then(|administrator| administrator.ip()))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

/// Id, account and its name, reason, who decided; when it was made, ends and was lifted.
type FlagColumns =
    (SqlUuid, SqlUuid, Text, Text, Nullable<Text>, Timestamptz, Nullable<Timestamptz>, Nullable<Timestamptz>);

#[derive(Queryable)]
struct FlagRow {
    id: Uuid,
    user: Uuid,
    username: String,
    reason: String,
    by: Option<String>,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    lifted_at: Option<OffsetDateTime>,
}

impl From<FlagRow> for Flag {
    fn from(row: FlagRow) -> Self {
        Self {
            id: row.id,
            user: UserId(row.user),
            username: Username::trusted(row.username),
            reason: Reason::trusted(row.reason),
            by: row.by.map(Username::trusted),
            created_at: row.created_at,
            expires_at: row.expires_at,
            lifted_at: row.lifted_at,
        }
    }
}

/// Id, instant, whether by an operator, the actor and their name, action, what sort of thing and which, what it is called,
/// details, address.
type AuditColumns = (
    SqlUuid,
    Timestamptz,
    Bool,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Text,
    Text,
    Text,
    Nullable<Text>,
    Text,
    Nullable<Text>,
);

#[derive(Queryable)]
struct AuditRow {
    id: Uuid,
    at: OffsetDateTime,
    by_operator: bool,
    actor: Option<Uuid>,
    actor_name: Option<String>,
    action: String,
    target_kind: String,
    target: String,
    target_name: Option<String>,
    details: String,
    ip: Option<String>,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            by_operator: row.by_operator,
            actor: row.actor.zip(row.actor_name).map(|(id, name)| (UserId(id), Username::trusted(name))),
            action: row.action,
            target_kind: row.target_kind,
            target: row.target,
            target_username: row.target_name.map(Username::trusted),
            details: StoredData(row.details),
            ip: row.ip,
        }
    }
}

/// `text` with the three values that `filter` has for its first three placeholders.
fn filtered<Columns>(text: &'static str, filter: &AuditFilter) -> Statement<'static, Columns> {
    let actor = filter.actor.as_ref().map(|name| name.as_str().to_ascii_lowercase());
    statement(text)
        .bind::<Nullable<Text>, _>(actor)
        .bind::<Nullable<Text>, _>(filter.action.map(AdminActionKind::name))
        .bind::<Nullable<Text>, _>(filter.target.clone())
}

fn offset(request: PageRequest) -> i64 {
    i64::try_from(request.offset()).unwrap_or(i64::MAX)
}

#[async_trait]
impl AdministrationReader for Database {
    async fn is_administrator(&self, user: UserId) -> Result<bool, StoreError> {
        let administers = users::table.find(user.0).filter(users::is_admin).filter(users::deleted_at.is_null());
        diesel::select(exists(administers)).get_result(&mut self.connection().await?.pg).await.map_err(store_error)
    }

    async fn administrators(&self) -> Result<Vec<ListedAdministrator>, StoreError> {
        let rows: Vec<(Uuid, String, bool)> = users::table
            .filter(users::is_admin)
            .order(lower(users::username))
            .select((users::id, users::username, users::deleted_at.is_not_null()))
            .load(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        let listed = |(id, username, has_left): (Uuid, String, bool)| ListedAdministrator {
            id: UserId(id),
            username: Username::trusted(username),
            has_left,
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    async fn flags(&self, request: PageRequest) -> Result<Page<Flag>, StoreError> {
        let mut connection = self.connection().await?;
        let total: i64 = account_flags::table.count().get_result(&mut connection.pg).await.map_err(store_error)?;
        let rows: Vec<FlagRow> = statement::<FlagColumns>(include_str!("flags.sql"))
            .bind::<BigInt, _>(i64::from(request.size))
            .bind::<BigInt, _>(offset(request))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(Page { items: rows.into_iter().map(Flag::from).collect(), total: total.unsigned_abs(), request })
    }

    async fn audit(&self, filter: &AuditFilter, request: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let mut connection = self.connection().await?;
        let total: i64 = filtered::<BigInt>(include_str!("count_audit.sql"), filter)
            .get_result(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let rows: Vec<AuditRow> = filtered::<AuditColumns>(include_str!("audit.sql"), filter)
            .bind::<BigInt, _>(i64::from(request.size))
            .bind::<BigInt, _>(offset(request))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(Page { items: rows.into_iter().map(AuditEntry::from).collect(), total: total.unsigned_abs(), request })
    }
}
