//! Ports of leaderboards.

use async_trait::async_trait;
use time::{Date, Duration, OffsetDateTime};

use super::board::{Board, BoardEntry, BoardQuery, BoardSlice, BoardVersion, SortBy};
use super::history::RankedDay;
use super::season::{Season, SeasonBoard, SeasonMonth};
use crate::days::Period;
use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::{JobId, UserId};
use crate::users::Username;

/// The local date in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneDay {
    /// The zone's name, as accounts store it.
    pub zone: String,
    pub today: Date,
}

impl ZoneDay {
    /// The date at `now` in each of `zones`; UTC for an unknown name.
    pub fn all(zones: Vec<String>, now: OffsetDateTime) -> Vec<Self> {
        let day = |zone: String| Self { today: Zone::parse(&zone).unwrap_or_else(Zone::utc).date(now), zone };
        zones.into_iter().map(day).collect()
    }
}

/// The best rank that an account ever had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestRank {
    pub user: UserId,
    /// The rank, from 1.
    pub rank: u32,
}

/// The newest snapshot of boards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestBoard {
    pub computed_at: OffsetDateTime,
    /// The duration of the computation; `None` if an older release computed it.
    pub took: Option<Duration>,
    /// Whether a due refresh has not been taken by a worker.
    pub is_overdue: bool,
}

/// Computes boards, seasons and rank histories.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LeaderboardRepository: Send {
    /// Takes the lock of boards until the transaction ends.
    async fn lock(&mut self) -> Result<(), StoreError>;

    /// The distinct zones of accounts, as they are stored; `UTC` for accounts without one.
    async fn zones(&mut self) -> Result<Vec<String>, StoreError>;

    /// Ranks all accounts with usage by their days up to their local date. The result replaces the previous snapshot at the
    /// commit. Records the ranks of the day of `now`, new best ranks, and `job`. Returns the number of accounts with usage.
    /// Expects the lock.
    async fn refresh(&mut self, todays: &[ZoneDay], now: OffsetDateTime, job: Option<JobId>)
    -> Result<u64, StoreError>;

    /// Records how long the computation of the newest snapshot took.
    async fn note_duration(&mut self, took: Duration) -> Result<(), StoreError>;

    /// The newest boards. A refresh is overdue if it was due before `overdue_since`. Expects no lock.
    async fn latest(&mut self, overdue_since: OffsetDateTime) -> Result<Option<LatestBoard>, StoreError>;

    /// Whether a kept snapshot was computed for `job`.
    async fn has_ranked(&mut self, job: JobId) -> Result<bool, StoreError>;

    async fn is_frozen(&mut self, month: SeasonMonth) -> Result<bool, StoreError>;

    async fn frozen(&mut self) -> Result<Vec<SeasonMonth>, StoreError>;

    /// The first day with usage of any account.
    async fn first_day(&mut self) -> Result<Option<Date>, StoreError>;

    /// When the first account of this instance was created here. An imported account counts from its import.
    async fn first_account(&mut self) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Stores the first accounts of `month` that boards show at `now`. A frozen month does not change (I8). Expects the lock.
    async fn freeze(&mut self, month: SeasonMonth, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Up to `most` accounts whose best rank passed one of `marks` since it was [`settled`](Self::settled), the best first,
    /// after `after`.
    async fn unsettled(
        &mut self,
        marks: &[u32],
        after: Option<BestRank>,
        most: u32,
    ) -> Result<Vec<BestRank>, StoreError>;

    /// Records that the rewards of `best` were given. A better rank found meanwhile stays unsettled.
    async fn settled(&mut self, best: BestRank) -> Result<(), StoreError>;

    /// Removes up to `most` days of ranks before `before`; returns their number.
    async fn prune(&mut self, before: Date, most: u32) -> Result<u64, StoreError>;
}

/// Reads boards. Each method is one statement, or two for a board whose order may be stored and is not, and decides visibility anew
/// (I7).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LeaderboardReader: Send + Sync {
    /// A page of the board at `now`, visible to `viewer` (`None` is anonymous).
    async fn board(
        &self,
        query: &BoardQuery,
        part: BoardSlice,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Board, StoreError>;

    /// The state on which the pages of boards depend at `now`; `None` before the first refresh.
    async fn version(&self, now: OffsetDateTime) -> Result<Option<BoardVersion>, StoreError>;

    /// The entry of the user `name` on the global board; `None` without a rank, or if hidden. The user's own entry is always
    /// visible.
    async fn entry(
        &self,
        name: &Username,
        period: Period,
        sort_by: SortBy,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<BoardEntry>, StoreError>;

    /// The ranks of `user` on the global board from the day `from`, oldest first; empty for other viewers while `user` is
    /// flagged at `now`; `None` if `viewer` may not see the profile.
    async fn history(
        &self,
        user: UserId,
        period: Period,
        sort_by: SortBy,
        from: Date,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<RankedDay>>, StoreError>;

    /// All seasons, newest first.
    async fn seasons(&self) -> Result<Vec<Season>, StoreError>;

    /// The season of `month`, with those of its first accounts that boards show at `now`.
    async fn season(&self, month: SeasonMonth, now: OffsetDateTime) -> Result<Option<SeasonBoard>, StoreError>;
}
