//! What happened to those whom one follows: pages of it, and what somebody missed.

use async_trait::async_trait;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, Queryable};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::{ActivityId, UserId};
use domain::page::{Page, PageRequest};
use domain::payload::StoredData;
use domain::social::ports::{FeedReader, MissedPage};
use domain::social::{ActivityKind, Author, FeedItem, LiveActivity, Mark, Position};
use domain::users::{Username, WebUrl};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::statement::statement;

/// Longer than any transaction takes that writes activities, and than the clocks of two servers may differ.
const LONGEST_TRANSACTION: Duration = Duration::DAY;

/// Longer than most transactions take that write activities.
const RECENT: Duration = Duration::MINUTE;

/// The total; then id, time, kind and particulars of an activity; id, username, name and picture of whom it happened to.
type PageColumns = (
    BigInt,
    Nullable<SqlUuid>,
    Nullable<Timestamptz>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
);

#[derive(Queryable)]
struct PageRow {
    total: i64,
    id: Option<Uuid>,
    created_at: Option<OffsetDateTime>,
    kind: Option<String>,
    data: Option<String>,
    user: Option<Uuid>,
    username: Option<String>,
    name: Option<String>,
    image: Option<String>,
}

impl PageRow {
    /// The activity; `None` where the page is empty, or of a kind that a newer release writes.
    fn item(self) -> Option<FeedItem> {
        Some(FeedItem {
            id: ActivityId(self.id?),
            created_at: self.created_at?,
            kind: ActivityKind::named(&self.kind?)?,
            data: StoredData(self.data?),
            author: Author {
                id: UserId(self.user?),
                username: Username::trusted(self.username?),
                name: self.name,
                image: self.image.map(WebUrl::trusted),
            },
        })
    }
}

/// Id, time, kind, particulars, transaction and horizon of an activity; id, username, name and picture of whom it happened to; whom it
/// is for.
type NewsColumns =
    (SqlUuid, Timestamptz, Text, Text, BigInt, BigInt, SqlUuid, Text, Nullable<Text>, Nullable<Text>, Array<SqlUuid>);

#[derive(Queryable)]
struct NewsRow {
    id: Uuid,
    created_at: OffsetDateTime,
    kind: String,
    data: String,
    transaction: i64,
    horizon: i64,
    user: Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    viewers: Vec<Uuid>,
}

/// An activity, and whom it is for.
pub(crate) struct News {
    pub(crate) mark: Mark,
    /// `None` for a kind that a newer release writes.
    pub(crate) activity: Option<LiveActivity>,
    pub(crate) viewers: Vec<UserId>,
}

impl From<NewsRow> for News {
    fn from(row: NewsRow) -> Self {
        let author = Author {
            id: UserId(row.user),
            username: Username::trusted(row.username),
            name: row.name,
            image: row.image.map(WebUrl::trusted),
        };
        let (id, created_at) = (ActivityId(row.id), row.created_at);
        let mark = Mark { id, at: created_at, transaction: row.transaction, horizon: row.horizon };
        let item = |kind| FeedItem { id, created_at, kind, data: StoredData(row.data), author };
        Self {
            mark,
            activity: ActivityKind::named(&row.kind).map(item).map(|item| LiveActivity { item, mark }),
            viewers: row.viewers.into_iter().map(UserId).collect(),
        }
    }
}

impl Database {
    /// The mark of this moment: whatever is committed from now on is later.
    pub(crate) async fn mark_now(&self) -> Result<Mark, StoreError> {
        let mut connection = self.connection().await?;
        let text = "SELECT now(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
        let (at, horizon): (OffsetDateTime, i64) =
            statement::<(Timestamptz, BigInt)>(text).get_result(&mut connection.pg).await.map_err(store_error)?;
        // No activity is of transaction 0.
        Ok(Mark { id: ActivityId(Uuid::max()), at, transaction: 0, horizon })
    }

    /// The activities `ids`, in that order, with those of `viewers` whom each is for.
    pub(crate) async fn heard(&self, ids: &[Uuid], viewers: &[Uuid]) -> Result<Vec<News>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<NewsRow> = statement::<NewsColumns>(include_str!("stream_recipients.sql"))
            .bind::<Array<SqlUuid>, _>(ids)
            .bind::<Array<SqlUuid>, _>(viewers)
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(News::from).collect())
    }

    /// What `viewers` missed since `mark`: up to `limit` activities after the place `after`, the oldest first.
    pub(crate) async fn missed_by(
        &self,
        viewers: &[Uuid],
        mark: Mark,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<News>, StoreError> {
        let mut connection = self.connection().await?;
        let first = mark.at - LONGEST_TRANSACTION;
        let (at, id) = after.unwrap_or((first, ActivityId(Uuid::nil())));
        let rows: Vec<NewsRow> = statement::<NewsColumns>(include_str!("missed.sql"))
            .bind::<Array<SqlUuid>, _>(viewers)
            .bind::<Timestamptz, _>(mark.at)
            .bind::<Text, _>(mark.horizon.to_string())
            .bind::<SqlUuid, _>(mark.id.0)
            .bind::<Timestamptz, _>(first)
            .bind::<Timestamptz, _>(at)
            .bind::<SqlUuid, _>(id.0)
            .bind::<BigInt, _>(i64::from(limit))
            .bind::<Text, _>(mark.transaction.to_string())
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(News::from).collect())
    }
}

#[async_trait]
impl FeedReader for Database {
    async fn page(&self, viewer: UserId, request: PageRequest) -> Result<Page<FeedItem>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<PageRow> = statement::<PageColumns>(include_str!("feed.sql"))
            .bind::<SqlUuid, _>(viewer.0)
            .bind::<BigInt, _>(i64::from(request.size))
            .bind::<BigInt, _>(i64::try_from(request.offset()).unwrap_or(i64::MAX / 2))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let total = rows.as_slice().first().map_or(0, |row| row.total.unsigned_abs());
        Ok(Page { items: rows.into_iter().filter_map(PageRow::item).collect(), total, request })
    }

    async fn mark(&self, id: ActivityId) -> Result<Option<Mark>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<(Uuid, OffsetDateTime, i64, i64)> =
            statement::<(SqlUuid, Timestamptz, BigInt, BigInt)>(include_str!("feed_cursor.sql"))
                .bind::<SqlUuid, _>(id.0)
                .get_result(&mut connection.pg)
                .await
                .optional()
                .map_err(store_error)?;
        Ok(row.map(|(id, at, transaction, horizon)| Mark { id: ActivityId(id), at, transaction, horizon }))
    }

    async fn recent(&self, viewer: UserId, limit: u32) -> Result<Vec<Mark>, StoreError> {
        let now = self.mark_now().await?;
        let news = self.missed_by(&[viewer.0], Mark { at: now.at - RECENT, ..now }, None, limit).await?;
        Ok(news.into_iter().map(|news| news.mark).collect())
    }

    async fn missed(
        &self,
        viewer: UserId,
        mark: Mark,
        after: Option<Position>,
        limit: u32,
    ) -> Result<MissedPage, StoreError> {
        let news = self.missed_by(&[viewer.0], mark, after, limit).await?;
        let rest = news.last().filter(|_| news.len() == limit as usize).map(|last| (last.mark.at, last.mark.id));
        Ok(MissedPage { activities: news.into_iter().filter_map(|news| news.activity).collect(), rest })
    }
}
