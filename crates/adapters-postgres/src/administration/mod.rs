//! Administrators, flags on accounts, and the audit log.

use diesel::dsl::exists;
use domain::administration::ports::{AdministrationReader, AdministrationRepository};
use domain::administration::{
    AdminActionKind, AuditActor, AuditEntry, AuditFilter, AuditReason, AuditRecord, Flag, FlagOrder,
    ListedAdministrator, ListedUser, UserState,
};
use domain::identity::{Email, ListedInvitation};
use domain::ids::InvitationId;
use domain::page::{Page, PageRequest};
use domain::payload::StoredData;
use domain::users::{Suspension, Username};

use crate::database::Database;
use crate::payload::json;
use crate::prelude::*;
use crate::schema::{account_flags, audit_log, invitations, users};
use crate::unit_of_work::PgUnitOfWork;
use crate::users::lower;

const AUDIT: &str = concat!(
    include_str!("audit.sql"),
    include_str!("audit_filter.sql"),
    "ORDER BY log.at DESC, log.id DESC LIMIT $4 OFFSET $5"
);
const COUNT_AUDIT: &str = concat!("SELECT count(*) AS value FROM audit_log AS log\n", include_str!("audit_filter.sql"));

#[async_trait]
impl AdministrationRepository for PgUnitOfWork {
    async fn set_administrator(&mut self, user: UserId, administers: bool) -> Result<bool, StoreError> {
        let other = users::table.find(user.0).filter(users::is_admin.ne(administers));
        let set = diesel::update(other).set(users::is_admin.eq(administers));
        Ok(set.run(self.connection()?).await? > 0)
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
        // An expired flag that is not marked as lifted would conflict with the new one.
        let over = account_flags::table
            .filter(account_flags::user_id.eq(user.0))
            .filter(account_flags::lifted_at.is_null())
            .filter(account_flags::expires_at.le(now));
        diesel::update(over).set(account_flags::lifted_at.eq(account_flags::expires_at)).run(connection).await?;
        let row = (
            account_flags::id.eq(id),
            account_flags::user_id.eq(user.0),
            account_flags::reason.eq(order.reason.as_str()),
            account_flags::flagged_by.eq(by.0),
            account_flags::created_at.eq(now),
            account_flags::expires_at.eq(order.expires_at),
        );
        let insert = diesel::insert_into(account_flags::table).values(row).on_conflict_do_nothing();
        Ok(insert.run(connection).await? > 0)
    }

    async fn lift_flag(&mut self, user: UserId, now: OffsetDateTime) -> Result<Option<Uuid>, StoreError> {
        let standing = account_flags::table
            .filter(account_flags::user_id.eq(user.0))
            .filter(account_flags::lifted_at.is_null())
            .filter(account_flags::expires_at.is_null().or(account_flags::expires_at.gt(now)));
        diesel::update(standing)
            .set(account_flags::lifted_at.eq(now))
            .returning(account_flags::id)
            .optional(self.connection()?)
            .await
    }

    async fn record(&mut self, entry: &AuditRecord) -> Result<(), StoreError> {
        let AuditRecord { id, at, actor, action } = entry;
        let administrator = match actor {
            AuditActor::Operator => None,
            AuditActor::Administrator(administrator) => Some(administrator),
        };
        statement(include_str!("insert_audit_record.sql"))
            .bind::<SqlUuid>(*id)
            .bind::<Timestamptz>(*at)
            .bind::<Bool>(administrator.is_none())
            .bind::<Nullable<SqlUuid>>(administrator.map(|administrator| administrator.id().0))
            .bind::<Text>(action.kind.name())
            .bind::<Text>(action.target.kind())
            .bind::<Text>(action.target.name())
            .bind::<Text>(json(&action.details))
            .bind::<Nullable<Text>>(administrator.and_then(|administrator| administrator.ip()))
            .exec(self.connection()?)
            .await
    }

    async fn prune_audit_log(&mut self, before: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let connection = self.connection()?;
        let allow = statement(include_str!("allow_audit_log_pruning.sql")).bind::<Timestamptz>(before);
        allow.value::<Text, String>(connection).await?;
        statement(include_str!("prune_audit_log.sql"))
            .bind::<Timestamptz>(before)
            .bind::<BigInt>(i64::from(most))
            .run(connection)
            .await
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = account_flags)]
struct FlagRow {
    id: Uuid,
    user_id: Uuid,
    #[diesel(sql_type = Text)]
    username: String,
    reason: String,
    #[diesel(sql_type = Nullable<Text>)]
    flagged_by_name: Option<String>,
    created_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    lifted_at: Option<OffsetDateTime>,
}

impl From<FlagRow> for Flag {
    fn from(row: FlagRow) -> Self {
        Self {
            id: row.id,
            user: UserId(row.user_id),
            username: Username::trusted(row.username),
            reason: AuditReason::trusted(row.reason),
            by: row.flagged_by_name.map(Username::trusted),
            created_at: row.created_at,
            expires_at: row.expires_at,
            lifted_at: row.lifted_at,
        }
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = invitations)]
struct InvitationRow {
    id: Uuid,
    email: Option<String>,
    is_for_administrator: bool,
    #[diesel(sql_type = Nullable<Text>)]
    created_by_name: Option<String>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    used_at: Option<OffsetDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    used_by_name: Option<String>,
}

impl From<InvitationRow> for ListedInvitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: InvitationId(row.id),
            email: row.email.map(Email::trusted),
            is_for_administrator: row.is_for_administrator,
            created_by: row.created_by_name.map(Username::trusted),
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
            used_by: row.used_by_name.map(Username::trusted),
        }
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = users)]
struct ListedUserRow {
    id: Uuid,
    username: String,
    email: Option<String>,
    email_verified: bool,
    is_public: bool,
    is_admin: bool,
    created_at: OffsetDateTime,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_seen_at: Option<OffsetDateTime>,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    deleted_at: Option<OffsetDateTime>,
    suspension: Option<String>,
}

impl From<ListedUserRow> for ListedUser {
    fn from(row: ListedUserRow) -> Self {
        let state = match row.deleted_at {
            None => UserState::Active,
            Some(at) if row.suspension.as_deref() == Some(Suspension::Disabled.name()) => UserState::Disabled(at),
            Some(at) => UserState::Deleted { at, can_return: row.suspension.is_none() },
        };
        Self {
            id: UserId(row.id),
            username: Username::trusted(row.username),
            email: row.email.map(Email::stored),
            is_email_verified: row.email_verified,
            is_public: row.is_public,
            is_admin: row.is_admin,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            messages: row.messages.unsigned_abs(),
            state,
        }
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = audit_log)]
struct AuditRow {
    id: Uuid,
    at: OffsetDateTime,
    by_operator: bool,
    actor: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
    action: String,
    subject_kind: String,
    subject: String,
    #[diesel(sql_type = Nullable<Text>)]
    subject_name: Option<String>,
    #[diesel(sql_type = Text)]
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
            target_kind: row.subject_kind,
            target: row.subject,
            target_username: row.subject_name.map(Username::trusted),
            details: StoredData(row.details),
            ip: row.ip,
        }
    }
}

/// `text` with `filter` as its first three values.
fn filtered(text: &'static str, filter: &AuditFilter) -> Statement<'static> {
    let actor = filter.actor.as_ref().map(|name| name.as_str().to_ascii_lowercase());
    statement(text)
        .bind::<Nullable<Text>>(actor)
        .bind::<Nullable<Text>>(filter.action.map(AdminActionKind::name))
        .bind::<Nullable<Text>>(filter.target.clone())
}

#[async_trait]
impl AdministrationReader for Database {
    async fn is_administrator(&self, user: UserId) -> Result<bool, StoreError> {
        let administers = users::table.find(user.0).filter(users::is_admin).filter(users::deleted_at.is_null());
        diesel::select(exists(administers)).row(&self.connection().await?.pg).await
    }

    async fn administrators(&self) -> Result<Vec<ListedAdministrator>, StoreError> {
        let rows: Vec<(Uuid, String, bool)> = users::table
            .filter(users::is_admin)
            .order(lower(users::username))
            .select((users::id, users::username, users::deleted_at.is_not_null()))
            .rows(&self.connection().await?.pg)
            .await?;
        let listed = |(id, username, has_left): (Uuid, String, bool)| ListedAdministrator {
            id: UserId(id),
            username: Username::trusted(username),
            has_left,
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    async fn flags(&self, request: PageRequest) -> Result<Page<Flag>, StoreError> {
        let connection = self.connection().await?;
        let total: i64 = account_flags::table.count().row(&connection.pg).await?;
        let rows: Vec<FlagRow> = statement(include_str!("flags.sql"))
            .bind::<BigInt>(i64::from(request.size))
            .bind::<BigInt>(to_bigint(request.offset()))
            .rows(&connection.pg)
            .await?;
        Ok(Page { items: rows.into_iter().map(Flag::from).collect(), total: total.unsigned_abs(), request })
    }

    async fn invitations(&self, request: PageRequest) -> Result<Page<ListedInvitation>, StoreError> {
        let connection = self.connection().await?;
        let total: i64 = invitations::table.count().row(&connection.pg).await?;
        let rows: Vec<InvitationRow> = statement(include_str!("invitations.sql"))
            .bind::<BigInt>(i64::from(request.size))
            .bind::<BigInt>(to_bigint(request.offset()))
            .rows(&connection.pg)
            .await?;
        let items = rows.into_iter().map(ListedInvitation::from).collect();
        Ok(Page { items, total: total.unsigned_abs(), request })
    }

    async fn users(&self, search: Option<String>, request: PageRequest) -> Result<Page<ListedUser>, StoreError> {
        let (connection, search) = (self.connection().await?, search.map(|search| search.to_lowercase()));
        let count = statement(include_str!("count_users.sql")).bind::<Nullable<Text>>(search.clone());
        let total: i64 = count.value::<BigInt, _>(&connection.pg).await?;
        let rows: Vec<ListedUserRow> = statement(include_str!("users.sql"))
            .bind::<Nullable<Text>>(search)
            .bind::<BigInt>(i64::from(request.size))
            .bind::<BigInt>(to_bigint(request.offset()))
            .rows(&connection.pg)
            .await?;
        let items = rows.into_iter().map(ListedUser::from).collect();
        Ok(Page { items, total: total.unsigned_abs(), request })
    }

    async fn audit(&self, filter: &AuditFilter, request: PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        let connection = self.connection().await?;
        let total: i64 = filtered(COUNT_AUDIT, filter).value::<BigInt, _>(&connection.pg).await?;
        let rows: Vec<AuditRow> = filtered(AUDIT, filter)
            .bind::<BigInt>(i64::from(request.size))
            .bind::<BigInt>(to_bigint(request.offset()))
            .rows(&connection.pg)
            .await?;
        Ok(Page { items: rows.into_iter().map(AuditEntry::from).collect(), total: total.unsigned_abs(), request })
    }
}
