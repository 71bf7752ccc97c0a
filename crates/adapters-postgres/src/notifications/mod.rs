//! Notifications and the preferences for them.

use domain::ids::NotificationId;
use domain::jobs::JobKind;
use domain::mail::EmailJob;
use domain::notifications::ports::{NotificationReader, NotificationRepository};
use domain::notifications::{
    Channels, Forgotten, ListedNotification, Notification, NotificationContent, NotificationKind, NotificationPage,
    NotificationQuery, NotificationSelection, Preferences, PreferencesChange, RetentionCutoffs,
};
use domain::payload::StoredData;

use crate::database::Database;
use crate::payload::json;
use crate::prelude::*;
use crate::schema::{notification_preferences, notifications};
use crate::unit_of_work::PgUnitOfWork;

#[derive(QueryableByName)]
#[diesel(table_name = notifications)]
pub(crate) struct ListedNotificationRow {
    pub(crate) id: Uuid,
    kind: String,
    title: String,
    message: String,
    #[diesel(sql_type = Text)]
    data: String,
    pub(crate) created_at: OffsetDateTime,
    read_at: Option<OffsetDateTime>,
}

impl From<ListedNotificationRow> for ListedNotification {
    fn from(row: ListedNotificationRow) -> Self {
        Self {
            id: NotificationId(row.id),
            kind: row.kind,
            title: row.title,
            message: row.message,
            data: StoredData(row.data),
            created_at: row.created_at,
            read_at: row.read_at,
        }
    }
}

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = notification_preferences)]
pub(crate) struct PreferenceRow {
    kind: String,
    in_app: bool,
    email: bool,
}

/// The preferences of `rows`, without kinds that only another release knows.
pub(crate) fn preferences<P: FromIterator<(NotificationKind, Channels)>>(rows: Vec<PreferenceRow>) -> P {
    let known =
        |PreferenceRow { kind, in_app, email }| Some((NotificationKind::of(&kind)?, Channels { in_app, email }));
    rows.into_iter().filter_map(known).collect()
}

#[derive(QueryableByName)]
struct CountsRow {
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = BigInt)]
    unread: i64,
}

#[derive(QueryableByName)]
struct ForgottenRow {
    #[diesel(sql_type = BigInt)]
    read: i64,
    #[diesel(sql_type = BigInt)]
    unread: i64,
}

#[async_trait]
impl NotificationReader for Database {
    async fn notifications(&self, user: UserId, listing: NotificationQuery) -> Result<NotificationPage, StoreError> {
        let connection = self.connection().await?;
        let page = if listing.unread_only {
            include_str!("unread_notifications.sql")
        } else {
            include_str!("notifications.sql")
        };
        let page = statement(page)
            .bind::<SqlUuid>(user.0)
            .bind::<BigInt>(i64::from(listing.limit))
            .bind::<BigInt>(to_bigint(listing.offset));
        let counts = statement(include_str!("count_notifications.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<Bool>(listing.unread_only);
        let (rows, CountsRow { total, unread }) =
            futures_util::try_join!(page.rows::<ListedNotificationRow>(&connection.pg), counts.row(&connection.pg))?;
        Ok(NotificationPage {
            notifications: rows.into_iter().map(ListedNotification::from).collect(),
            total: total.unsigned_abs(),
            unread: unread.unsigned_abs(),
        })
    }

    async fn preferences(&self, user: UserId) -> Result<Preferences, StoreError> {
        let rows = notification_preferences::table
            .filter(notification_preferences::user_id.eq(user.0))
            .select(PreferenceRow::as_select())
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(preferences(rows))
    }
}

#[async_trait]
impl NotificationRepository for PgUnitOfWork {
    async fn insert(&mut self, user: UserId, content: &[Notification]) -> Result<u64, StoreError> {
        let Some(insert) = insert_notifications(user, content, self.sends_email) else { return Ok(0) };
        insert.run(self.connection()?).await
    }

    async fn mark_read(
        &mut self,
        user: UserId,
        which: &NotificationSelection,
        now: OffsetDateTime,
    ) -> Result<u64, StoreError> {
        let text = match which {
            NotificationSelection::These(_) => include_str!("mark_read.sql"),
            NotificationSelection::All => include_str!("mark_all_read.sql"),
        };
        let mut update = statement(text).bind::<SqlUuid>(user.0).bind::<Timestamptz>(now);
        if let NotificationSelection::These(ids) = which {
            update = update.bind_array::<SqlUuid>(ids.iter().map(|id| id.0));
        }
        update.run(self.connection()?).await
    }

    async fn change_preferences(
        &mut self,
        user: UserId,
        change: &PreferencesChange,
    ) -> Result<Preferences, StoreError> {
        let rows = statement(include_str!("change_preferences.sql"))
            .bind::<SqlUuid>(user.0)
            .bind_array::<Text>(change.iter().map(|(kind, _)| kind.name()))
            .bind_array::<Nullable<Bool>>(change.iter().map(|(_, change)| change.in_app))
            .bind_array::<Nullable<Bool>>(change.iter().map(|(_, change)| change.email))
            .bind_array::<Bool>(change.iter().map(|(kind, _)| Channels::of(kind).in_app))
            .bind_array::<Bool>(change.iter().map(|(kind, _)| Channels::of(kind).email))
            .rows(self.connection()?)
            .await?;
        Ok(preferences(rows))
    }

    async fn forget(&mut self, kept: RetentionCutoffs, most: u32) -> Result<Forgotten, StoreError> {
        let ForgottenRow { read, unread } = statement(include_str!("prune_notifications.sql"))
            .bind::<Timestamptz>(kept.read)
            .bind::<Timestamptz>(kept.unread)
            .bind::<BigInt>(i64::from(most))
            .row(self.connection()?)
            .await?;
        Ok(Forgotten { read: read.unsigned_abs(), unread: unread.unsigned_abs() })
    }
}

/// The statement that stores `notifications` of `user`, and queues their emails if `sends_email`; `None` without any.
pub(crate) fn insert_notifications(
    user: UserId,
    notifications: &[Notification],
    sends_email: bool,
) -> Option<Statement<'_>> {
    let statement = || {
        let content = || notifications.iter().map(|notification| &notification.content);
        let emails: Vec<_> = notifications.iter().filter(|_| sends_email).map(EmailJob::of).collect();
        statement(include_str!("insert_notifications.sql"))
            .bind::<SqlUuid>(user.0)
            .bind_array::<SqlUuid>(notifications.iter().map(|notification| notification.id.0))
            .bind_array::<Text>(content().map(|content| content.kind.name()))
            .bind_array::<Text>(content().map(|content| content.title.as_str()))
            .bind_array::<Text>(content().map(|content| content.message.as_str()))
            .bind_array::<Text>(content().map(|content| json(&content.data)))
            .bind_array::<Text>(content().map(NotificationContent::dedup_key))
            .bind_array::<Timestamptz>(notifications.iter().map(|content| content.created_at))
            .bind_array::<Bool>(content().map(|content| Channels::of(content.kind).email))
            .bind_array::<SqlUuid>(emails.iter().map(|(id, _)| id.0))
            .bind_array::<Text>(emails.iter().map(|(_, job)| job.key.clone()))
            .bind_array::<Text>(emails.iter().map(|(_, job)| json(&job.job.data())))
            .bind::<Text>(JobKind::Mail.name())
            .bind_array::<SmallInt>(emails.iter().map(|(_, job)| job.job.priority()))
            .bind::<Integer>(to_integer(JobKind::Mail.attempts()))
    };
    (!notifications.is_empty()).then(statement)
}
