//! Who follows whom.

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::page::{Page, PageRequest};
use domain::progression::{EventXp, Level, xp};
use domain::social::ports::{FollowReader, FollowRepository};
use domain::social::{Contact, Follow, FollowStats, Relation};
use domain::users::{Username, WebUrl};
use time::OffsetDateTime;

use crate::database::Database;
use crate::error::store_error;
use crate::schema::{follow_requests, follows};
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

/// Names the advisory lock of whoever changes who counts, so that somebody who leaves at the moment in which others are let in is
/// not counted by them: those who are let in are not locked. Taken after the locks of accounts and before the counts.
const WHO_COUNTS: i64 = i64::from_be_bytes(*b"btcounts");

#[async_trait]
impl FollowRepository for PgUnitOfWork {
    async fn insert(&mut self, follow: &Follow) -> Result<bool, StoreError> {
        let counted = statement::<()>(include_str!("insert_follow.sql"))
            .bind::<Uuid, _>(follow.follower.0)
            .bind::<Uuid, _>(follow.following.0)
            .bind::<Timestamptz, _>(follow.created_at)
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(counted > 0)
    }

    async fn remove(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let counted = statement::<()>(include_str!("remove_follow.sql"))
            .bind::<Uuid, _>(follower.0)
            .bind::<Uuid, _>(following.0)
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(counted > 0)
    }

    async fn exists(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let query = diesel::select(exists(follows::table.find((follower.0, following.0))));
        query.get_result(self.connection()?).await.map_err(store_error)
    }

    async fn has_requested(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let query = diesel::select(exists(follow_requests::table.find((follower.0, following.0))));
        query.get_result(self.connection()?).await.map_err(store_error)
    }

    async fn insert_request(&mut self, request: &Follow) -> Result<bool, StoreError> {
        let row = (
            follow_requests::follower_id.eq(request.follower.0),
            follow_requests::following_id.eq(request.following.0),
            follow_requests::created_at.eq(request.created_at),
        );
        let query = diesel::insert_into(follow_requests::table).values(row).on_conflict_do_nothing();
        Ok(query.execute(self.connection()?).await.map_err(store_error)? > 0)
    }

    async fn remove_request(&mut self, follower: UserId, following: UserId) -> Result<bool, StoreError> {
        let query = diesel::delete(follow_requests::table.find((follower.0, following.0)));
        Ok(query.execute(self.connection()?).await.map_err(store_error)? > 0)
    }

    async fn accept_all(&mut self, following: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let connection = self.connection()?;
        statement::<()>("SELECT pg_advisory_xact_lock_shared($1)")
            .bind::<BigInt, _>(WHO_COUNTS)
            .execute(connection)
            .await
            .map_err(store_error)?;
        statement::<()>(include_str!("accept_requests.sql"))
            .bind::<Uuid, _>(following.0)
            .bind::<Timestamptz, _>(now)
            .execute(connection)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn set_counted(&mut self, user: UserId, counted: bool) -> Result<(), StoreError> {
        let connection = self.connection()?;
        // On its own: follows that were committed while waiting are seen by the next statement.
        statement::<()>("SELECT pg_advisory_xact_lock($1)")
            .bind::<BigInt, _>(WHO_COUNTS)
            .execute(connection)
            .await
            .map_err(store_error)?;
        statement::<()>(include_str!("count_person.sql"))
            .bind::<Uuid, _>(user.0)
            .bind::<Integer, _>(if counted { 1 } else { -1 })
            .execute(connection)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn recount(&mut self, user: UserId) -> Result<bool, StoreError> {
        let connection = self.connection()?;
        // On its own: what was committed while waiting for the lock is seen by the next statement.
        statement::<Uuid>("SELECT user_id FROM social_counts WHERE user_id = $1 FOR NO KEY UPDATE")
            .bind::<Uuid, _>(user.0)
            .execute(connection)
            .await
            .map_err(store_error)?;
        let changed = statement::<()>(include_str!("recount.sql"))
            .bind::<Uuid, _>(user.0)
            .execute(connection)
            .await
            .map_err(store_error)?;
        Ok(changed > 0)
    }
}

/// The statements of one list: how many people it has, and one page of them.
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

/// The total that is kept of somebody whom $2 may see.
macro_rules! kept {
    ($column:literal) => {
        concat!(
            "SELECT coalesce((SELECT counts.",
            $column,
            " FROM visible_to($2) AS seen JOIN social_counts AS counts ON counts.user_id = seen.id",
            " WHERE seen.id = $1), 0)::bigint"
        )
    };
}

const FOLLOWERS: List = list!("followers.sql", kept!("followers"));
const FOLLOWING: List = list!("following.sql", kept!("following"));
const REQUESTS: List = list!(
    "follow_requests.sql",
    concat!("WITH listed AS (\n", include_str!("follow_requests.sql"), ")\nSELECT count(*) FROM listed")
);

/// Id, username, name and picture; then since when, bio, tokens, active days and event XP, null when they are not shown.
type ContactColumns = (
    Uuid,
    Text,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Timestamptz>,
    Nullable<Text>,
    Nullable<BigInt>,
    Nullable<Integer>,
    Nullable<BigInt>,
);

#[derive(Queryable)]
struct ContactRow {
    id: uuid::Uuid,
    username: String,
    name: Option<String>,
    image: Option<String>,
    since: Option<OffsetDateTime>,
    bio: Option<String>,
    tokens: Option<i64>,
    active_days: Option<i32>,
    event_xp: Option<i64>,
}

impl From<ContactRow> for Contact {
    fn from(row: ContactRow) -> Self {
        let facts = row.tokens.zip(row.active_days).zip(row.event_xp);
        let level =
            |((tokens, days), events): ((i64, i32), i64)| Level::of(xp(tokens, days.unsigned_abs(), EventXp(events)));
        Self {
            id: UserId(row.id),
            username: Username::trusted(row.username),
            name: row.name,
            image: row.image.map(WebUrl::trusted),
            bio: row.bio,
            level: facts.map(level),
            since: row.since,
        }
    }
}

impl Database {
    async fn contacts(
        &self,
        list: List,
        person: UserId,
        viewer: Option<UserId>,
        request: PageRequest,
    ) -> Result<Page<Contact>, StoreError> {
        let mut connection = self.connection().await?;
        let viewer = viewer.map(|viewer| viewer.0);
        let total: i64 = statement::<BigInt>(list.total)
            .bind::<Uuid, _>(person.0)
            .bind::<Nullable<Uuid>, _>(viewer)
            .get_result(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let rows: Vec<ContactRow> = statement::<ContactColumns>(list.page)
            .bind::<Uuid, _>(person.0)
            .bind::<Nullable<Uuid>, _>(viewer)
            .bind::<BigInt, _>(i64::from(request.size))
            .bind::<BigInt, _>(i64::try_from(request.offset()).unwrap_or(i64::MAX))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(Page { items: rows.into_iter().map(Contact::from).collect(), total: total.unsigned_abs(), request })
    }
}

#[async_trait]
impl FollowReader for Database {
    async fn followers(
        &self,
        person: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError> {
        self.contacts(FOLLOWERS, person, viewer, page).await
    }

    async fn following(
        &self,
        person: UserId,
        viewer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Contact>, StoreError> {
        self.contacts(FOLLOWING, person, viewer, page).await
    }

    async fn requests(&self, owner: UserId, page: PageRequest) -> Result<Page<Contact>, StoreError> {
        self.contacts(REQUESTS, owner, Some(owner), page).await
    }

    async fn stats(&self, person: UserId, viewer: Option<UserId>) -> Result<Option<FollowStats>, StoreError> {
        let mut connection = self.connection().await?;
        let row: Option<(i64, i64, bool, bool)> =
            statement::<(BigInt, BigInt, Bool, Bool)>(include_str!("follow_stats.sql"))
                .bind::<Uuid, _>(person.0)
                .bind::<Nullable<Uuid>, _>(viewer.map(|viewer| viewer.0))
                .get_result(&mut connection.pg)
                .await
                .optional()
                .map_err(store_error)?;
        let other = viewer.is_some_and(|viewer| viewer != person);
        Ok(row.map(|(followers, following, is_following, follows_me)| FollowStats {
            followers: followers.unsigned_abs(),
            following: following.unsigned_abs(),
            relation: other.then_some(Relation { is_following, follows_me }),
        }))
    }
}
