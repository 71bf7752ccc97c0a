//! What people were told, and what they want to be told.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::{NotificationId, UserId};
use domain::jobs::JobKind;
use domain::mail::EmailJob;
use domain::notifications::ports::{NotificationReader, NotificationRepository};
use domain::notifications::{
    Channels, Forgotten, Listed, Listing, Notification, NotificationKind, Preferences, PreferencesChange, Received,
    RetentionCutoffs, Which,
};
use domain::payload::StoredData;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::payload::json;
use crate::schema::notification_preferences;
use crate::statement::{Statement, statement};
use crate::unit_of_work::PgUnitOfWork;

type ReceivedColumns = (SqlUuid, Text, Text, Text, Text, Timestamptz, Nullable<Timestamptz>);

#[derive(Queryable)]
struct ReceivedRow {
    id: Uuid,
    kind: String,
    title: String,
    message: String,
    data: String,
    created_at: OffsetDateTime,
    read_at: Option<OffsetDateTime>,
}

impl From<ReceivedRow> for Received {
    fn from(row: ReceivedRow) -> Self {
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

/// Kind, in the application, by e-mail.
type PreferenceRow = (String, bool, bool);

/// Kinds that only another release knows are nobody's business here.
fn preferences(rows: Vec<PreferenceRow>) -> Preferences {
    let known = |(kind, in_app, email): PreferenceRow| {
        NotificationKind::of(&kind).map(|kind| (kind, Channels { in_app, email }))
    };
    rows.into_iter().filter_map(known).collect()
}

#[async_trait]
impl NotificationReader for Database {
    async fn notifications(&self, user: UserId, listing: Listing) -> Result<Listed, StoreError> {
        let connection = self.connection().await?;
        let page = if listing.unread_only {
            include_str!("unread_notifications.sql")
        } else {
            include_str!("notifications.sql")
        };
        let page: Statement<'_, ReceivedColumns> = statement(page)
            .bind::<SqlUuid, _>(user.0)
            .bind::<BigInt, _>(i64::from(listing.limit))
            .bind::<BigInt, _>(i64::try_from(listing.offset).unwrap_or(i64::MAX));
        let counts: Statement<'_, (BigInt, BigInt)> = statement(include_str!("count_notifications.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Bool, _>(listing.unread_only);
        // Sent together: one round trip.
        let (mut c1, mut c2) = (&connection.pg, &connection.pg);
        let (rows, (total, unread)) =
            futures_util::try_join!(page.load::<ReceivedRow>(&mut c1), counts.get_result::<(i64, i64)>(&mut c2),)
                .map_err(store_error)?;
        Ok(Listed {
            notifications: rows.into_iter().map(Received::from).collect(),
            total: total.unsigned_abs(),
            unread: unread.unsigned_abs(),
        })
    }

    async fn preferences(&self, user: UserId) -> Result<Preferences, StoreError> {
        let mut connection = self.connection().await?;
        let rows = notification_preferences::table
            .filter(notification_preferences::user_id.eq(user.0))
            .select((notification_preferences::kind, notification_preferences::in_app, notification_preferences::email))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(preferences(rows))
    }
}

#[async_trait]
impl NotificationRepository for PgUnitOfWork {
    async fn insert(&mut self, user: UserId, content: &[Notification]) -> Result<u64, StoreError> {
        let Some(insert) = insert_notifications(user, content, self.sends_email) else { return Ok(0) };
        Ok(insert.execute(self.connection()?).await.map_err(store_error)? as u64)
    }

    async fn mark_read(&mut self, user: UserId, which: &Which, now: OffsetDateTime) -> Result<u64, StoreError> {
        let text = match which {
            Which::These(_) => include_str!("mark_read.sql"),
            Which::All => include_str!("mark_all_read.sql"),
        };
        let mut update = statement::<()>(text).bind::<SqlUuid, _>(user.0).bind::<Timestamptz, _>(now);
        if let Which::These(ids) = which {
            update = update.bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>());
        }
        let marked = update.execute(self.connection()?).await.map_err(store_error)?;
        Ok(u64::try_from(marked).unwrap_or(u64::MAX))
    }

    async fn change_preferences(
        &mut self,
        user: UserId,
        change: &PreferencesChange,
    ) -> Result<Preferences, StoreError> {
        let rows: Vec<PreferenceRow> = statement::<(Text, Bool, Bool)>(include_str!("change_preferences.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Array<Text>, _>(change.iter().map(|(kind, _)| kind.name()).collect::<Vec<_>>())
            .bind::<Array<Nullable<Bool>>, _>(change.iter().map(|(_, change)| change.in_app).collect::<Vec<_>>())
            .bind::<Array<Nullable<Bool>>, _>(change.iter().map(|(_, change)| change.email).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(change.iter().map(|(kind, _)| Channels::of(kind).in_app).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(change.iter().map(|(kind, _)| Channels::of(kind).email).collect::<Vec<_>>())
            .load(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(preferences(rows))
    }

    async fn forget(&mut self, kept: RetentionCutoffs, most: u32) -> Result<Forgotten, StoreError> {
        let (read, unread): (i64, i64) = statement::<(BigInt, BigInt)>(include_str!("forget_notifications.sql"))
            .bind::<Timestamptz, _>(kept.read)
            .bind::<Timestamptz, _>(kept.unread)
            .bind::<BigInt, _>(i64::from(most))
            .get_result(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(Forgotten { read: read.unsigned_abs(), unread: unread.unsigned_abs() })
    }
}

/// Tells `user`, also by e-mail where it `sends_email`; `None` where there is nothing to tell.
pub(crate) fn insert_notifications(
    user: UserId,
    notifications: &[Notification],
    sends_email: bool,
) -> Option<Statement<'_>> {
    let statement = || {
        let content = || notifications.iter().map(|notification| &notification.content);
        let emails: Vec<_> = notifications.iter().filter(|_| sends_email).map(EmailJob::of).collect();
        statement::<()>(include_str!("insert_notifications.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Array<SqlUuid>, _>(notifications.iter().map(|notification| notification.id.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(content().map(|content| content.kind.name()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(content().map(|content| content.title.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(content().map(|content| content.message.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(content().map(|content| json(&content.data)).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(
                content().map(domain::notifications::NotificationContent::dedup_key).collect::<Vec<_>>(),
            )
            .bind::<Array<Timestamptz>, _>(notifications.iter().map(|content| content.created_at).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(content().map(|content| Channels::of(content.kind).email).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(emails.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(emails.iter().map(|(_, job)| job.key.clone()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(emails.iter().map(|(_, job)| json(&job.job.data())).collect::<Vec<_>>())
            .bind::<Text, _>(JobKind::Mail.name())
            .bind::<Array<SmallInt>, _>(emails.iter().map(|(_, job)| job.job.priority()).collect::<Vec<_>>())
            .bind::<Integer, _>(i32::try_from(JobKind::Mail.attempts()).unwrap_or(i32::MAX))
    };
    (!notifications.is_empty()).then(statement)
}
