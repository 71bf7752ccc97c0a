//! Boards, read from their stored order, or ranked by the statement that reads them.

use domain::days::Period;
use domain::leaderboard::ports::LeaderboardReader;
use domain::leaderboard::{
    Board, BoardEntry, BoardFilter, BoardKind, BoardQuery, BoardScope, BoardSlice, BoardVersion, RankPosition,
    RankedDay, Score, Season, SeasonBoard, SeasonEntry, SeasonMonth, SortBy,
};
use domain::social::Author;
use domain::usage::Source;
use domain::users::{Region, Username};

use super::{history_number, measure_number, period_number};
use crate::database::Database;
use crate::prelude::*;
use crate::progress::LevelRow;
use crate::schema::{board_scores, season_entries, seasons};
use crate::statement::Joined;
use crate::users::AuthorRow;

/// The statement of a board: the files that select its accounts, then the entries.
macro_rules! entries_of {
    ($($head:literal),+) => {
        concat!($(include_str!($head),)+ include_str!("board_entries.sql"))
    };
}

const OVERALL: &str =
    concat!(include_str!("board_overall.sql"), include_str!("board_gaps.sql"), include_str!("board_stored.sql"));
const PAGES: &str = entries_of!("board_query.sql", "board_scope.sql", "board_gaps.sql", "board_pages.sql");
const FILTERED: &str = entries_of!("board_query.sql", "board_filtered.sql", "board_ranked.sql");
const SMALL: &str = entries_of!("board_query.sql", "board_small.sql", "board_ranked.sql");
const FRIENDS: &str = entries_of!("board_query.sql", "board_friends.sql", "board_ranked.sql");
const ACCOUNT: &str = entries_of!("board_account.sql");

/// A board, and one of its entries unless the part is empty.
#[derive(QueryableByName)]
struct BoardRow {
    #[diesel(sql_type = Array<BigInt>)]
    version: Vec<i64>,
    #[diesel(sql_type = Timestamptz)]
    computed_at: OffsetDateTime,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = Nullable<Bool>)]
    mine: Option<bool>,
    #[diesel(embed)]
    entry: Joined<EntryRow>,
}

#[derive(QueryableByName)]
#[diesel(table_name = board_scores)]
struct EntryRow {
    #[diesel(embed)]
    account: AuthorRow,
    #[diesel(sql_type = Timestamptz)]
    created_at: OffsetDateTime,
    #[diesel(sql_type = Timestamptz)]
    updated_at: OffsetDateTime,
    #[diesel(sql_type = Integer)]
    rank: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    before: Option<i32>,
    #[diesel(sql_type = Numeric)]
    score: Money,
    tokens: i64,
    cost: Money,
    streak: i32,
    #[diesel(sql_type = Text)]
    tool: String,
    #[diesel(embed)]
    progress: LevelRow,
    #[diesel(sql_type = BigInt)]
    followers: i64,
    #[diesel(sql_type = Nullable<Bool>)]
    is_following: Option<bool>,
}

impl From<EntryRow> for BoardEntry {
    fn from(row: EntryRow) -> Self {
        let Author { id, username, name, image } = row.account.into();
        Self {
            user: id,
            username,
            name,
            image,
            standing: RankPosition {
                rank: row.rank.unsigned_abs(),
                before: row.before.map(i32::unsigned_abs),
                score: Score::dollars(row.score.0),
            },
            tokens: row.tokens,
            cost: row.cost.0,
            streak: row.streak.unsigned_abs(),
            level: row.progress.level(),
            preferred_tool: Some(Source::trusted(row.tool)),
            followers: row.followers.unsigned_abs(),
            is_following: row.is_following,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The version of the array that the function `board_version` makes.
fn board_version(array: &[i64]) -> Option<BoardVersion> {
    let [snapshot, changes, expired_flags] = *array else { return None };
    Some(BoardVersion { snapshot, changes, expired_flags })
}

/// The board of `rows`; the viewer's own entry comes last.
fn board(rows: Vec<BoardRow>) -> Board {
    let mut board = Board::default();
    for BoardRow { version, computed_at, total, mine, entry: Joined(entry) } in rows {
        board.version = board_version(&version);
        board.computed_at = Some(computed_at);
        board.total = total.unsigned_abs();
        if mine == Some(true) {
            board.me = entry.map(BoardEntry::from);
        } else {
            board.entries.extend(entry.map(BoardEntry::from));
        }
    }
    board
}

/// A part of the board that `text` reads.
fn part_of(
    text: &'static str,
    query: &BoardQuery,
    part: BoardSlice,
    viewer: Option<UserId>,
    now: OffsetDateTime,
) -> Statement<'static> {
    statement(text)
        .bind::<SmallInt>(measure_number(query.measure()))
        .bind::<SmallInt>(period_number(query.period()))
        .bind::<BigInt>(to_bigint(part.offset).min(i64::from(i32::MAX)))
        .bind::<BigInt>(i64::from(part.limit))
        .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
        .bind::<Timestamptz>(now)
}

/// Binds the tool, the model and the region of `filter`.
fn filtered<'a>(statement: Statement<'a>, filter: &'a BoardFilter) -> Statement<'a> {
    let (tool, model) = match &filter.scope {
        BoardScope::Everything => (None, None),
        BoardScope::Tool(tool) => (Some(tool.as_str()), None),
        BoardScope::Model(model) => (None, Some(model.as_str())),
    };
    statement
        .bind::<Nullable<Text>>(tool)
        .bind::<Nullable<Text>>(model)
        .bind::<Nullable<Text>>(filter.region.map(Region::name))
}

/// Whether the order of the board is stored if it is large: filtered by one of tool, model and region, and ranked by a measure
/// that users choose by `sort_by`.
fn may_have_pages(query: &BoardQuery) -> bool {
    let BoardFilter { scope, region } = &query.filter;
    query.kind() != BoardKind::Friends
        && (*scope == BoardScope::Everything) != region.is_none()
        && SortBy::ALL.iter().any(|sort_by| sort_by.measure() == query.measure())
}

#[derive(QueryableByName)]
struct HistoryRow {
    #[diesel(sql_type = Nullable<SqlDate>)]
    day: Option<Date>,
    #[diesel(sql_type = Nullable<Integer>)]
    rank: Option<i32>,
}

/// A season, and one of its entries unless none is shown.
#[derive(QueryableByName)]
#[diesel(table_name = seasons)]
struct SeasonRow {
    frozen_at: OffsetDateTime,
    people: i32,
    #[diesel(embed)]
    entry: Joined<SeasonEntryRow>,
}

#[derive(QueryableByName)]
#[diesel(table_name = season_entries)]
struct SeasonEntryRow {
    #[diesel(embed)]
    account: AuthorRow,
    rank: i32,
    tokens: i64,
    cost: Money,
}

impl From<SeasonEntryRow> for SeasonEntry {
    fn from(row: SeasonEntryRow) -> Self {
        let Author { id, username, name, image } = row.account.into();
        let (rank, tokens, cost) = (row.rank.unsigned_abs(), row.tokens, row.cost.0);
        Self { user: id, username, name, image, rank, tokens, cost }
    }
}

#[async_trait]
impl LeaderboardReader for Database {
    async fn board(
        &self,
        query: &BoardQuery,
        part: BoardSlice,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Board, StoreError> {
        let connection = self.connection().await?;
        let stored = if query.is_whole() {
            Some(part_of(OVERALL, query, part, viewer, now))
        } else if may_have_pages(query) {
            Some(filtered(part_of(PAGES, query, part, viewer, now), &query.filter))
        } else {
            None
        };
        let has_pages = stored.is_some();
        if let Some(stored) = stored {
            let rows: Vec<BoardRow> = stored.rows(&connection.pg).await?;
            if !rows.is_empty() {
                return Ok(board(rows));
            }
            // The board is small, or an older release computed the snapshot, or there is none.
        }
        let text = match query.kind() {
            BoardKind::Friends => FRIENDS,
            _ if has_pages && query.filter.scope != BoardScope::Everything => SMALL,
            _ => FILTERED,
        };
        let ranked = filtered(part_of(text, query, part, viewer, now), &query.filter);
        Ok(board(ranked.rows(&connection.pg).await?))
    }

    async fn version(&self, now: OffsetDateTime) -> Result<Option<BoardVersion>, StoreError> {
        let query = statement("SELECT board_version($1) AS value").bind::<Timestamptz>(now);
        let version = query.value::<Nullable<Array<BigInt>>, Option<Vec<i64>>>(&self.connection().await?.pg).await?;
        Ok(version.as_deref().and_then(board_version))
    }

    async fn entry(
        &self,
        name: &Username,
        period: Period,
        sort_by: SortBy,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<BoardEntry>, StoreError> {
        let rows: Vec<BoardRow> = statement(ACCOUNT)
            .bind::<SmallInt>(measure_number(sort_by.measure()))
            .bind::<SmallInt>(period_number(period))
            .bind::<Text>(name.as_str().to_ascii_lowercase())
            .bind::<BigInt>(1)
            .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
            .bind::<Timestamptz>(now)
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().find_map(|row| row.entry.0).map(BoardEntry::from))
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
        let rows: Vec<HistoryRow> = statement(include_str!("rank_history.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<SmallInt>(history_number(period, sort_by))
            .bind::<SqlDate>(from)
            .bind::<Nullable<SqlUuid>>(viewer.map(|viewer| viewer.0))
            .bind::<Timestamptz>(now)
            .rows(&self.connection().await?.pg)
            .await?;
        let day = |row: HistoryRow| Some(RankedDay { date: row.day?, rank: row.rank?.unsigned_abs() });
        Ok((!rows.is_empty()).then(|| rows.into_iter().filter_map(day).collect()))
    }

    async fn seasons(&self) -> Result<Vec<Season>, StoreError> {
        let rows: Vec<(Date, OffsetDateTime, i32)> = seasons::table
            .order(seasons::month.desc())
            .select((seasons::month, seasons::frozen_at, seasons::people))
            .rows(&self.connection().await?.pg)
            .await?;
        let season = |(month, frozen_at, people): (Date, _, i32)| Season {
            month: SeasonMonth::of(month),
            frozen_at,
            people: people.unsigned_abs(),
        };
        Ok(rows.into_iter().map(season).collect())
    }

    async fn season(&self, month: SeasonMonth, now: OffsetDateTime) -> Result<Option<SeasonBoard>, StoreError> {
        let query = statement(include_str!("season.sql")).bind::<SqlDate>(month.first()).bind::<Timestamptz>(now);
        let rows: Vec<SeasonRow> = query.rows(&self.connection().await?.pg).await?;
        let Some(&SeasonRow { frozen_at, people, .. }) = rows.first() else { return Ok(None) };
        let season = Season { month, frozen_at, people: people.unsigned_abs() };
        let entries = rows.into_iter().filter_map(|row| row.entry.0).map(SeasonEntry::from).collect();
        Ok(Some(SeasonBoard { season, entries }))
    }
}
