//! The feed: pages, and activities that a viewer missed.

use domain::ids::ActivityId;
use domain::page::{Page, PageRequest};
use domain::payload::StoredData;
use domain::social::ports::{FeedReader, MissedPage};
use domain::social::{ActivityKind, ActivityMark, FeedItem, FeedPosition, LiveActivity};
use time::Duration;

use crate::database::Database;
use crate::prelude::*;
use crate::schema::activities;
use crate::statement::Joined;
use crate::users::AuthorRow;

/// Longer than any transaction that writes activities, and than the clocks of two servers differ.
const LONGEST_TRANSACTION: Duration = Duration::DAY;

/// Longer than most transactions that write activities.
const USUAL_TRANSACTION: Duration = Duration::MINUTE;

/// The size of a feed, and one of its activities unless the page is empty.
#[derive(QueryableByName)]
struct PageRow {
    #[diesel(sql_type = BigInt)]
    total: i64,
    /// Whether the activity that the page follows exists.
    #[diesel(sql_type = Bool)]
    is_known: bool,
    #[diesel(embed)]
    activity: Joined<ActivityRow>,
}

#[derive(QueryableByName)]
#[diesel(table_name = activities)]
struct ActivityRow {
    #[diesel(sql_type = SqlUuid)]
    activity_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    happened_at: OffsetDateTime,
    kind: String,
    #[diesel(sql_type = Text)]
    data: String,
    #[diesel(embed)]
    author: AuthorRow,
}

impl ActivityRow {
    /// The activity; `None` for a kind that only another release knows.
    fn item(self) -> Option<FeedItem> {
        Some(FeedItem {
            id: ActivityId(self.activity_id),
            created_at: self.happened_at,
            kind: ActivityKind::named(&self.kind)?,
            data: StoredData(self.data),
            author: self.author.into(),
        })
    }
}

/// A place in the order of activities.
#[derive(QueryableByName)]
struct CursorRow {
    #[diesel(sql_type = SqlUuid)]
    activity_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    happened_at: OffsetDateTime,
    #[diesel(sql_type = BigInt)]
    transaction: i64,
    #[diesel(sql_type = BigInt)]
    horizon: i64,
}

impl From<CursorRow> for ActivityMark {
    fn from(row: CursorRow) -> Self {
        let CursorRow { activity_id, happened_at, transaction, horizon } = row;
        Self { id: ActivityId(activity_id), at: happened_at, transaction, horizon }
    }
}

#[derive(QueryableByName)]
struct ActivityDeliveryRow {
    #[diesel(embed)]
    cursor: CursorRow,
    #[diesel(embed)]
    activity: ActivityRow,
    #[diesel(sql_type = Array<SqlUuid>)]
    viewers: Vec<Uuid>,
}

/// An activity, and the viewers that receive it.
pub(crate) struct ActivityDelivery {
    pub(crate) mark: ActivityMark,
    /// `None` for a kind that only another release knows.
    pub(crate) activity: Option<LiveActivity>,
    pub(crate) viewers: Vec<UserId>,
}

impl From<ActivityDeliveryRow> for ActivityDelivery {
    fn from(row: ActivityDeliveryRow) -> Self {
        let mark = row.cursor.into();
        Self {
            mark,
            activity: row.activity.item().map(|item| LiveActivity { item, mark }),
            viewers: row.viewers.into_iter().map(UserId).collect(),
        }
    }
}

impl Database {
    /// The cursor of this moment: activities that are committed from now on are later.
    pub(crate) async fn cursor_now(&self) -> Result<ActivityMark, StoreError> {
        // No activity has the transaction 0.
        let text = "SELECT 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid AS activity_id, now() AS happened_at,
                           0::bigint AS transaction, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon";
        let row: CursorRow = statement(text).row(&self.connection().await?.pg).await?;
        Ok(row.into())
    }

    /// The activities `ids`, in that order, each with those of `viewers` that receive it.
    pub(crate) async fn recipients(&self, ids: &[Uuid], viewers: &[Uuid]) -> Result<Vec<ActivityDelivery>, StoreError> {
        let rows: Vec<ActivityDeliveryRow> = statement(include_str!("stream_recipients.sql"))
            .bind::<Array<SqlUuid>>(ids)
            .bind::<Array<SqlUuid>>(viewers)
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().map(ActivityDelivery::from).collect())
    }

    /// The activities that `viewers` missed since `mark`: up to `limit` after the position `after`, the oldest first.
    pub(crate) async fn missed_by(
        &self,
        viewers: &[Uuid],
        mark: ActivityMark,
        after: Option<FeedPosition>,
        limit: u32,
    ) -> Result<Vec<ActivityDelivery>, StoreError> {
        let first = mark.at - LONGEST_TRANSACTION;
        let (at, id) = after.unwrap_or((first, ActivityId(Uuid::nil())));
        let rows: Vec<ActivityDeliveryRow> = statement(include_str!("missed.sql"))
            .bind::<Array<SqlUuid>>(viewers)
            .bind::<Timestamptz>(mark.at)
            .bind::<Text>(mark.horizon.to_string())
            .bind::<SqlUuid>(mark.id.0)
            .bind::<Timestamptz>(first)
            .bind::<Timestamptz>(at)
            .bind::<SqlUuid>(id.0)
            .bind::<BigInt>(i64::from(limit))
            .bind::<Text>(mark.transaction.to_string())
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().map(ActivityDelivery::from).collect())
    }
}

#[async_trait]
impl FeedReader for Database {
    async fn page(
        &self,
        viewer: UserId,
        request: PageRequest,
        before: Option<ActivityId>,
    ) -> Result<Option<Page<FeedItem>>, StoreError> {
        let rows: Vec<PageRow> = statement(include_str!("feed.sql"))
            .bind::<SqlUuid>(viewer.0)
            .bind::<BigInt>(i64::from(request.size))
            .bind::<BigInt>(i64::try_from(request.offset()).unwrap_or(i64::MAX / 2))
            .bind::<Nullable<SqlUuid>>(before.map(|before| before.0))
            .rows(&self.connection().await?.pg)
            .await?;
        let Some(PageRow { total, is_known: true, .. }) = rows.first() else { return Ok(None) };
        let total = total.unsigned_abs();
        let items = rows.into_iter().filter_map(|row| row.activity.0?.item()).collect();
        Ok(Some(Page { items, total, request }))
    }

    async fn mark(&self, id: ActivityId) -> Result<Option<ActivityMark>, StoreError> {
        let query = statement(include_str!("feed_cursor.sql")).bind::<SqlUuid>(id.0);
        let row: Option<CursorRow> = query.optional(&self.connection().await?.pg).await?;
        Ok(row.map(ActivityMark::from))
    }

    async fn recent(&self, viewer: UserId, limit: u32) -> Result<Vec<ActivityMark>, StoreError> {
        let now = self.cursor_now().await?;
        let news =
            self.missed_by(&[viewer.0], ActivityMark { at: now.at - USUAL_TRANSACTION, ..now }, None, limit).await?;
        Ok(news.into_iter().map(|news| news.mark).collect())
    }

    async fn missed(
        &self,
        viewer: UserId,
        mark: ActivityMark,
        after: Option<FeedPosition>,
        limit: u32,
    ) -> Result<MissedPage, StoreError> {
        let news = self.missed_by(&[viewer.0], mark, after, limit).await?;
        let rest = news.last().filter(|_| news.len() == limit as usize).map(|last| (last.mark.at, last.mark.id));
        Ok(MissedPage { activities: news.into_iter().filter_map(|news| news.activity).collect(), rest })
    }
}
