//! Follows, follow requests and their counts.

use diesel::dsl::exists;
use domain::page::{Page, PageRequest};
use domain::progression::{EventXp, Level, xp};
use domain::social::ports::{FollowReader, FollowRepository};
use domain::social::{Author, Contact, Follow, FollowStats, Relation};

use crate::database::Database;
use crate::prelude::*;
use crate::schema::{follow_requests, follows, users};
use crate::unit_of_work::PgUnitOfWork;
use crate::users::AuthorRow;

/// Advisory lock that serialises changes of follower counts: accepting requests does not lock the followers, so one of them
/// could be deleted meanwhile. Taken after account locks and before `social_counts`.
const FOLLOWER_COUNTS: i64 = i64::from_be_bytes(*b"btcounts");

#[async_trait]
impl FollowRepository for PgUnitOfWork {
    async fn insert(&mut self, follow: &Follow) -> Result<bool, StoreError> {
        let counted = statement(include_str!("insert_follow.sql"))
            .bind::<SqlUuid>(follow.follower.0)
            .bind::<SqlUuid>(follow.following.0)
            .bind::<Timestamptz>(follow.created_at)
            .run(self.connection()?)
            .await?;
        Ok(counted > 0)
    }

    async fn remove(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let counted = statement(include_str!("remove_follow.sql"))
            .bind::<SqlUuid>(follower.0)
            .bind::<SqlUuid>(following.0)
            .run(self.connection()?)
            .await?;
        Ok(counted > 0)
    }

    async fn exists(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let query = diesel::select(exists(follows::table.find((follower.0, following.0))));
        query.row(self.connection()?).await
    }

    async fn has_requested(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let query = diesel::select(exists(follow_requests::table.find((follower.0, following.0))));
        query.row(self.connection()?).await
    }

    async fn insert_request(&mut self, request: &Follow) -> Result<bool, StoreError> {
        let row = (
            follow_requests::follower_id.eq(request.follower.0),
            follow_requests::following_id.eq(request.following.0),
            follow_requests::created_at.eq(request.created_at),
        );
        let query = diesel::insert_into(follow_requests::table).values(row).on_conflict_do_nothing();
        Ok(query.run(self.connection()?).await? > 0)
    }

    async fn remove_request(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let query = diesel::delete(follow_requests::table.find((follower.0, following.0)));
        Ok(query.run(self.connection()?).await? > 0)
    }

    async fn accept_all(&mut self, following: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let connection = self.connection()?;
        statement("SELECT pg_advisory_xact_lock_shared($1)").bind::<BigInt>(FOLLOWER_COUNTS).run(connection).await?;
        statement(include_str!("accept_requests.sql"))
            .bind::<SqlUuid>(following.0)
            .bind::<Timestamptz>(now)
            .exec(connection)
            .await
    }

    async fn set_counted(&mut self, user: UserId, counted: bool) -> Result<(), StoreError> {
        let connection = self.connection()?;
        // A statement of its own: the next one sees follows that were committed during the wait.
        statement("SELECT pg_advisory_xact_lock($1)").bind::<BigInt>(FOLLOWER_COUNTS).run(connection).await?;
        statement(include_str!("adjust_follow_counts.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<Integer>(if counted { 1 } else { -1 })
            .exec(connection)
            .await
    }

    async fn recount(&mut self, user: UserId) -> Result<bool, StoreError> {
        let connection = self.connection()?;
        // A statement of its own: the next one sees what was committed during the wait.
        statement("SELECT user_id FROM social_counts WHERE user_id = $1 FOR NO KEY UPDATE")
            .bind::<SqlUuid>(user.0)
            .run(connection)
            .await?;
        let changed =
            statement(include_str!("rebuild_follow_counts.sql")).bind::<SqlUuid>(user.0).run(connection).await?;
        Ok(changed > 0)
    }
}

/// The statements of a list: its size, and one page.
struct List {
    total: &'static str,
    page: &'static str,
}

macro_rules! list {
    ($people:literal, $total:expr) => {
        List {
            total: $total,
            page: concat!("WITH listed AS (\n", include_str!($people), ")", include_str!("contacts.sql")),
        }
    };
}

/// The stored size of a list of $1, as $2 may see it.
macro_rules! kept {
    ($column:literal) => {
        concat!(
            "SELECT coalesce((SELECT counts.",
            $column,
            " FROM visible_to($2) AS seen JOIN social_counts AS counts ON counts.user_id = seen.id",
            " WHERE seen.id = $1), 0)::bigint AS value"
        )
    };
}

const FOLLOWERS: List = list!("followers.sql", kept!("followers"));
const FOLLOWING: List = list!("following.sql", kept!("following"));
const REQUESTS: List = list!(
    "follow_requests.sql",
    concat!("WITH listed AS (\n", include_str!("follow_requests.sql"), ")\nSELECT count(*) AS value FROM listed")
);

/// An account in a list; null is not shown.
#[derive(QueryableByName)]
#[diesel(table_name = users)]
struct ContactRow {
    #[diesel(embed)]
    account: AuthorRow,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    since: Option<OffsetDateTime>,
    bio: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    tokens: Option<i64>,
    #[diesel(sql_type = Nullable<Integer>)]
    active_days: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    event_xp: Option<i64>,
}

impl From<ContactRow> for Contact {
    fn from(row: ContactRow) -> Self {
        let Author { id, username, name, image } = row.account.into();
        let facts = row.tokens.zip(row.active_days).zip(row.event_xp);
        let level =
            facts.map(|((tokens, days), event_xp)| Level::of(xp(tokens, days.unsigned_abs(), EventXp(event_xp))));
        Self { id, username, name, image, bio: row.bio, level, since: row.since }
    }
}

#[derive(QueryableByName)]
struct StatsRow {
    #[diesel(sql_type = BigInt)]
    followers: i64,
    #[diesel(sql_type = BigInt)]
    following: i64,
    #[diesel(sql_type = Bool)]
    is_following: bool,
    #[diesel(sql_type = Bool)]
    follows_me: bool,
}

impl Database {
    async fn contacts(
        &self,
        list: List,
        user: UserId,
        viewer: Option<UserId>,
        request: PageRequest,
    ) -> Result<Page<Contact>, StoreError> {
        let connection = self.connection().await?;
        let seen =
            |text| statement(text).bind::<SqlUuid>(user.0).bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0));
        let total: i64 = seen(list.total).value::<BigInt, _>(&connection.pg).await?;
        let rows: Vec<ContactRow> = seen(list.page)
            .bind::<BigInt>(i64::from(request.size))
            .bind::<BigInt>(to_bigint(request.offset()))
            .rows(&connection.pg)
            .await?;
        Ok(Page { items: rows.into_iter().map(Contact::from).collect(), total: total.unsigned_abs(), request })
    }
}

#[async_trait]
impl FollowReader for Database {
    async fn followers(
        &self,
        user: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError> {
        self.contacts(FOLLOWERS, user, viewer, page).await
    }

    async fn following(
        &self,
        user: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError> {
        self.contacts(FOLLOWING, user, viewer, page).await
    }

    async fn requests(&self, owner: UserId, page: PageRequest) -> Result<Page<Contact>, StoreError> {
        self.contacts(REQUESTS, owner, Some(owner), page).await
    }

    async fn stats(&self, user: UserId, viewer: Option<UserId>) -> Result<Option<FollowStats>, StoreError> {
        let query = statement(include_str!("follow_stats.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0));
        let row: Option<StatsRow> = query.optional(&self.connection().await?.pg).await?;
        let is_other = viewer.is_some_and(|viewer| viewer != user);
        Ok(row.map(|StatsRow { followers, following, is_following, follows_me }| FollowStats {
            followers: followers.unsigned_abs(),
            following: following.unsigned_abs(),
            relation: is_other.then_some(Relation { is_following, follows_me }),
        }))
    }
}
