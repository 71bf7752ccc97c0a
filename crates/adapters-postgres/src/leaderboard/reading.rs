//! Reading boards, each part with one statement: who is listed, and then what is shown of them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{
    BigInt, Bool, Date as SqlDate, Integer, Nullable, Numeric, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;
use domain::days::Period;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::leaderboard::ports::LeaderboardReader;
use domain::leaderboard::{
    Board, BoardKind, BoardQuery, Entry, Part, RankPosition, RankedDay, Scope, Score, Season, SeasonBoard, SeasonEntry,
    SeasonMonth, SortBy,
};
use domain::money::Usd;
use domain::progression::{EventXp, Level, xp};
use domain::usage::Source;
use domain::users::{Region, Username, WebUrl};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{history_number, measure_number, period_number};
use crate::database::Database;
use crate::error::store_error;
use crate::numeric::Money;
use crate::schema::seasons;
use crate::statement::{Statement, statement};

/// The heads say who is listed.
macro_rules! entries_of {
    ($($head:literal),+) => {
        concat!($(include_str!($head),)+ include_str!("entries.sql"))
    };
}

const OF_WHOLE: &str = entries_of!("of_whole.sql");
const OF_SOME: &str = entries_of!("asked.sql", "of_some.sql", "ranked.sql");
const OF_FRIENDS: &str = entries_of!("asked.sql", "of_friends.sql", "ranked.sql");
const OF_PERSON: &str = entries_of!("of_person.sql");

/// When, how many, whether it is the viewer's own; the account; the standing; the scored usage; the person's progress; what
/// is between them and the viewer.
type EntryColumns = (
    (Timestamptz, BigInt, Nullable<Bool>),
    (Nullable<SqlUuid>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Timestamptz>, Nullable<Timestamptz>),
    (Nullable<Integer>, Nullable<Integer>, Nullable<Numeric>),
    (Nullable<BigInt>, Nullable<Numeric>, Nullable<Integer>, Nullable<Text>),
    (Nullable<BigInt>, Nullable<Integer>, Nullable<BigInt>),
    (BigInt, Nullable<Bool>),
);

type AccountFields =
    (Option<Uuid>, Option<String>, Option<String>, Option<String>, Option<OffsetDateTime>, Option<OffsetDateTime>);

#[derive(Queryable)]
struct EntryRow {
    board: (OffsetDateTime, i64, Option<bool>),
    account: AccountFields,
    standing: (Option<i32>, Option<i32>, Option<Money>),
    used: (Option<i64>, Option<Money>, Option<i32>, Option<String>),
    progress: (Option<i64>, Option<i32>, Option<i64>),
    between: (i64, Option<bool>),
}

impl EntryRow {
    /// The entry; `None` where the part is empty.
    fn entry(self) -> Option<Entry> {
        let (user, username, name, image, created_at, updated_at) = self.account;
        let (rank, before, score) = self.standing;
        let (tokens, cost, streak, tool) = self.used;
        let (lifetime, active_days, event_xp) = self.progress;
        let (followers, is_following) = self.between;
        let xp = xp(lifetime?, active_days?.unsigned_abs(), EventXp(event_xp?));
        Some(Entry {
            user: UserId(user?),
            username: Username::trusted(username?),
            name,
            image: image.map(WebUrl::trusted),
            standing: RankPosition {
                rank: rank?.unsigned_abs(),
                before: before.map(i32::unsigned_abs),
                score: Score::dollars(score?.0),
            },
            tokens: tokens?,
            cost: cost.map_or(Usd::ZERO, |cost| cost.0),
            streak: streak?.unsigned_abs(),
            level: Level::of(xp),
            preferred_tool: tool.map(Source::trusted),
            followers: followers.unsigned_abs(),
            is_following,
            created_at: created_at?,
            updated_at: updated_at?,
        })
    }
}

/// The board that `rows` show; the viewer's own entry comes last.
fn board(rows: Vec<EntryRow>) -> Board {
    let mut board = Board::default();
    for row in rows {
        let (computed_at, total, mine) = row.board;
        board.computed_at = Some(computed_at);
        board.total = total.unsigned_abs();
        let entry = row.entry();
        if mine == Some(true) {
            board.me = entry;
        } else {
            board.entries.extend(entry);
        }
    }
    board
}

/// `text` about the board of everybody or of some.
fn part_of(
    text: &'static str,
    query: &BoardQuery,
    part: Part,
    viewer: Option<UserId>,
    now: OffsetDateTime,
) -> Statement<'static, EntryColumns> {
    statement(text)
        .bind::<SmallInt, _>(measure_number(query.measure()))
        .bind::<SmallInt, _>(period_number(query.period()))
        .bind::<BigInt, _>(i64::try_from(part.offset).unwrap_or(i64::MAX).min(i64::from(i32::MAX)))
        .bind::<BigInt, _>(i64::from(part.limit))
        .bind::<Nullable<SqlUuid>, _>(viewer.map(|viewer| viewer.0))
        .bind::<Timestamptz, _>(now)
}

type SeasonColumns = (
    (Timestamptz, Integer),
    (Nullable<SqlUuid>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (Nullable<Integer>, Nullable<BigInt>, Nullable<Numeric>),
);

#[derive(Queryable)]
struct SeasonRow {
    season: (OffsetDateTime, i32),
    account: (Option<Uuid>, Option<String>, Option<String>, Option<String>),
    standing: (Option<i32>, Option<i64>, Option<Money>),
}

impl SeasonRow {
    /// The entry; `None` where nobody is shown.
    fn entry(self) -> Option<SeasonEntry> {
        let (user, username, name, image) = self.account;
        let (rank, tokens, cost) = self.standing;
        Some(SeasonEntry {
            user: UserId(user?),
            username: Username::trusted(username?),
            name,
            image: image.map(WebUrl::trusted),
            rank: rank?.unsigned_abs(),
            tokens: tokens?,
            cost: cost?.0,
        })
    }
}

#[async_trait]
impl LeaderboardReader for Database {
    async fn board(
        &self,
        query: &BoardQuery,
        part: Part,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Board, StoreError> {
        let mut connection = self.connection().await?;
        let query = if query.is_whole() {
            part_of(OF_WHOLE, query, part, viewer, now)
        } else {
            let (tool, model) = match &query.filter.scope {
                Scope::Everything => (None, None),
                Scope::Tool(tool) => (Some(tool.as_str().to_owned()), None),
                Scope::Model(model) => (None, Some(model.as_str().to_owned())),
            };
            let text = if query.kind() == BoardKind::Friends { OF_FRIENDS } else { OF_SOME };
            part_of(text, query, part, viewer, now)
                .bind::<Nullable<Text>, _>(tool)
                .bind::<Nullable<Text>, _>(model)
                .bind::<Nullable<Text>, _>(query.filter.region.map(Region::name))
        };
        let rows: Vec<EntryRow> = query.load(&mut connection.pg).await.map_err(store_error)?;
        Ok(board(rows))
    }

    async fn entry(
        &self,
        name: &Username,
        period: Period,
        sort_by: SortBy,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<Entry>, StoreError> {
        let mut connection = self.connection().await?;
        let query = statement::<EntryColumns>(OF_PERSON)
            .bind::<SmallInt, _>(measure_number(sort_by.measure()))
            .bind::<SmallInt, _>(period_number(period))
            .bind::<Text, _>(name.as_str().to_ascii_lowercase())
            .bind::<BigInt, _>(1)
            .bind::<Nullable<SqlUuid>, _>(viewer.map(|viewer| viewer.0))
            .bind::<Timestamptz, _>(now);
        let rows: Vec<EntryRow> = query.load(&mut connection.pg).await.map_err(store_error)?;
        Ok(rows.into_iter().find_map(EntryRow::entry))
    }

    async fn history(
        &self,
        user: UserId,
        period: Period,
        sort_by: SortBy,
        from: Date,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<RankedDay>>, StoreError> {
        let mut connection = self.connection().await?;
        let query = statement::<(Nullable<SqlDate>, Nullable<Integer>)>(include_str!("history.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<SmallInt, _>(history_number(period, sort_by))
            .bind::<SqlDate, _>(from)
            .bind::<Nullable<SqlUuid>, _>(viewer.map(|viewer| viewer.0))
            .bind::<Timestamptz, _>(now);
        let rows: Vec<(Option<Date>, Option<i32>)> = query.load(&mut connection.pg).await.map_err(store_error)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let day =
            |(date, rank): (Option<Date>, Option<i32>)| Some(RankedDay { date: date?, rank: rank?.unsigned_abs() });
        Ok(Some(rows.into_iter().filter_map(day).collect()))
    }

    async fn seasons(&self) -> Result<Vec<Season>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(Date, OffsetDateTime, i32)> = seasons::table
            .order(seasons::month.desc())
            .select((seasons::month, seasons::frozen_at, seasons::people))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let season = |(month, frozen_at, people): (Date, OffsetDateTime, i32)| Season {
            month: SeasonMonth::of(month),
            frozen_at,
            people: people.unsigned_abs(),
        };
        Ok(rows.into_iter().map(season).collect())
    }

    async fn season(&self, month: SeasonMonth, now: OffsetDateTime) -> Result<Option<SeasonBoard>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<SeasonRow> = statement::<SeasonColumns>(include_str!("season.sql"))
            .bind::<SqlDate, _>(month.first())
            .bind::<Timestamptz, _>(now)
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let Some(&(frozen_at, people)) = rows.as_slice().first().map(|row| &row.season) else { return Ok(None) };
        let season = Season { month, frozen_at, people: people.unsigned_abs() };
        Ok(Some(SeasonBoard { season, entries: rows.into_iter().filter_map(SeasonRow::entry).collect() }))
    }
}
