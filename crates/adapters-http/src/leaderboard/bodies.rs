//! Boards as JSON.

use domain::days::Period;
use domain::leaderboard::{Board, BoardEntry, BoardQuery, BoardSlice, RankedDay, Score, SortBy};
use domain::users::User;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::query::HistoryQuery;
use crate::json::{Day, Dollars, Instant};

/// An entry of a board.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeaderboardEntry)]
pub(super) struct EntryBody {
    /// The same as `user_id`: a user has one entry on a board.
    id: Uuid,
    user_id: Uuid,
    username: String,
    display_name: Option<String>,
    image: Option<String>,
    /// From 1; equal scores share it.
    rank: u32,
    /// Ranks gained since the previous snapshot, negative after a loss; null for a new entry.
    rank_change: Option<i64>,
    /// The score that determines the rank.
    #[schema(value_type = f64)]
    score: ScoreNumber,
    /// Tokens of the scored usage.
    total_tokens: i64,
    total_cost: Dollars,
    /// The current streak of the scored usage as of the refresh.
    streak_days: u32,
    /// As of the refresh or later.
    level: u64,
    /// The tool with the most tokens of all time.
    preferred_tool: Option<String>,
    /// As of the refresh or later.
    followers_count: u64,
    /// Null without a token and for the caller's own entry.
    is_following: Option<bool>,
    created_at: Instant,
    updated_at: Instant,
}

/// A score as a JSON number with up to six exact decimals.
#[derive(Debug)]
pub(super) struct ScoreNumber(Score);

impl Serialize for ScoreNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.rounded()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl From<BoardEntry> for EntryBody {
    fn from(entry: BoardEntry) -> Self {
        Self {
            id: entry.user.0,
            user_id: entry.user.0,
            username: entry.username.to_string(),
            display_name: entry.name,
            image: entry.image.map(|image| image.as_str().to_owned()),
            rank: entry.standing.rank,
            rank_change: entry.standing.change(),
            score: ScoreNumber(entry.standing.score),
            total_tokens: entry.tokens,
            total_cost: entry.cost.into(),
            streak_days: entry.streak,
            level: entry.level.level,
            preferred_tool: entry.preferred_tool.map(|tool| tool.to_string()),
            followers_count: entry.followers,
            is_following: entry.is_following,
            created_at: entry.created_at.into(),
            updated_at: entry.updated_at.into(),
        }
    }
}

/// The position of a part of a board.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeaderboardPagination)]
pub(super) struct PaginationBody {
    /// The number of entries of the board.
    total: u64,
    limit: u32,
    offset: u64,
    has_more: bool,
}

/// A part of a board.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Leaderboard)]
pub(super) struct BoardBody {
    entries: Vec<EntryBody>,
    pagination: PaginationBody,
    period: &'static str,
    sort_by: &'static str,
    kind: &'static str,
    /// Null before the first refresh.
    computed_at: Option<Instant>,
    /// The caller's own entry.
    me: Option<EntryBody>,
}

impl BoardBody {
    /// The requested `part` of `board`.
    pub(super) fn of(query: &BoardQuery, part: BoardSlice, board: Board) -> Self {
        let Board { entries, total, computed_at, me, version: _ } = board;
        let BoardSlice { limit, offset } = part;
        let has_more = offset.saturating_add(entries.len() as u64) < total && !entries.is_empty();
        Self {
            entries: entries.into_iter().map(EntryBody::from).collect(),
            pagination: PaginationBody { total, limit, offset, has_more },
            period: query.period().name(),
            sort_by: query.sort_by().name(),
            kind: query.kind().name(),
            computed_at: computed_at.map(Instant::from),
            me: me.map(EntryBody::from),
        }
    }
}

/// The ranks of a user by day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankHistory)]
pub(super) struct HistoryBody {
    id: Uuid,
    username: String,
    period: &'static str,
    sort_by: &'static str,
    /// The oldest first; days without a rank are left out.
    history: Vec<RankedDayBody>,
}

/// The rank of one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankedDay)]
pub(super) struct RankedDayBody {
    /// The day in UTC: users of all time zones share a board.
    date: Day,
    /// As of the last refresh of the day.
    rank: u32,
}

impl HistoryBody {
    /// The requested `history` of `user`.
    pub(super) fn of(user: &User, query: &HistoryQuery, history: Vec<RankedDay>) -> Self {
        let day = |RankedDay { date, rank }| RankedDayBody { date: date.into(), rank };
        Self {
            id: user.id.0,
            username: user.username.to_string(),
            period: Period::name(query.period),
            sort_by: SortBy::name(query.sort_by),
            history: history.into_iter().map(day).collect(),
        }
    }
}

/// An entry for the API's document.
pub(super) fn entry_example() -> Value {
    json!({
        "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "user_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b",
        "username": "ada", "display_name": "Ada", "image": null, "rank": 1, "rank_change": 2, "score": 112_250,
        "total_tokens": 112_250, "total_cost": 0.3508, "streak_days": 3, "level": 2, "preferred_tool": "claude-code",
        "followers_count": 1, "is_following": null, "created_at": "2026-11-22T12:34:56.789Z",
        "updated_at": "2026-11-22T12:34:56.789Z",
    })
}

/// A board with one entry.
pub(super) fn board_example() -> Value {
    json!({
        "entries": [entry_example()], "pagination": {"total": 1, "limit": 100, "offset": 0, "has_more": false},
        "period": "all", "sort_by": "tokens", "kind": "global", "computed_at": "2026-11-22T12:00:00Z", "me": null,
    })
}

/// A queued refresh.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueuedRefresh)]
pub(super) struct RefreshBody {
    /// The id of the job.
    pub(super) job_id: Uuid,
}
