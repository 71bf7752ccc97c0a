//! What boards need from outside.

use async_trait::async_trait;
use time::{Date, Duration, OffsetDateTime};

use super::board::{Board, BoardQuery, Entry, Part, SortBy};
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
    /// The zone, as accounts name it.
    pub zone: String,
    /// The date there.
    pub today: Date,
}

impl ZoneDay {
    /// The date at `now` in each of `zones`, UTC where an account names one that is not known any more.
    pub fn all(zones: Vec<String>, now: OffsetDateTime) -> Vec<Self> {
        let day = |zone: String| Self { today: Zone::parse(&zone).unwrap_or_else(Zone::utc).date(now), zone };
        zones.into_iter().map(day).collect()
    }
}

/// The best rank that somebody ever had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestRank {
    /// Who.
    pub user: UserId,
    /// The rank, from 1.
    pub rank: u32,
}

/// The newest boards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestBoard {
    /// As of when.
    pub computed_at: OffsetDateTime,
    /// How long computing them took; `None` where an older release did.
    pub took: Option<Duration>,
    /// Whether a refresh is overdue that no worker took.
    pub is_overdue: bool,
}

/// Computes boards and what follows from them.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LeaderboardRepository: Send {
    /// Waits until nobody else refreshes or freezes; holds until the transaction ends.
    async fn lock(&mut self) -> Result<(), StoreError>;

    /// The zones that accounts live in, each once, as they name them; `UTC` for those that name none.
    async fn zones(&mut self) -> Result<Vec<String>, StoreError>;

    /// Ranks everybody with usage by their days up to their today, and puts the result in the place of the snapshot before
    /// it when the transaction is committed. Notes the ranks of the day of `now`, who did better than ever, and that it was
    /// for `job`. Returns how many people have usage. Expects the lock.
    async fn refresh(&mut self, todays: &[ZoneDay], now: OffsetDateTime, job: Option<JobId>)
    -> Result<u64, StoreError>;

    /// Notes how long computing the newest snapshot took.
    async fn note_duration(&mut self, took: Duration) -> Result<(), StoreError>;

    /// The newest boards, if there are any. A refresh is overdue that was due before `overdue_since`. Expects no lock.
    async fn latest(&mut self, overdue_since: OffsetDateTime) -> Result<Option<LatestBoard>, StoreError>;

    /// Whether a snapshot that is still kept was computed for `job`.
    async fn has_ranked(&mut self, job: JobId) -> Result<bool, StoreError>;

    /// Whether `month` was frozen.
    async fn is_frozen(&mut self, month: SeasonMonth) -> Result<bool, StoreError>;

    /// The months that were frozen.
    async fn frozen(&mut self) -> Result<Vec<SeasonMonth>, StoreError>;

    /// The first day that anybody used anything.
    async fn first_day(&mut self) -> Result<Option<Date>, StoreError>;

    /// When the first account of this instance was made, here: one that was brought along is as old as its import.
    async fn first_account(&mut self) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Keeps the first people of `month`, of those whom boards show at `now`. A month that was frozen stays as it is. Expects
    /// the lock.
    async fn freeze(&mut self, month: SeasonMonth, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Up to `most` people whose best rank passed one of `marks` since it was last [`settled`](Self::settled), the best
    /// first, those after `after`.
    async fn unsettled(
        &mut self,
        marks: &[u32],
        after: Option<BestRank>,
        most: u32,
    ) -> Result<Vec<BestRank>, StoreError>;

    /// Notes that what `best` earns was given. A better one that a refresh found meanwhile is still to come.
    async fn settled(&mut self, best: BestRank) -> Result<(), StoreError>;

    /// Removes up to `most` days of ranks from before `before`; returns how many.
    async fn prune(&mut self, before: Date, most: u32) -> Result<u64, StoreError>;
}

/// Reads boards. Each method is one statement; each asks anew whom boards show.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait LeaderboardReader: Send + Sync {
    /// A part of the board, as `viewer` (nobody, when anonymous) sees it at `now`.
    async fn board(
        &self,
        query: &BoardQuery,
        part: Part,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Board, StoreError>;

    /// The entry of the person called `name` on the board of everybody; `None` when they are not ranked or not shown, except
    /// to themselves.
    async fn entry(
        &self,
        name: &Username,
        period: Period,
        sort_by: SortBy,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<Entry>, StoreError>;

    /// The ranks of `user` on the board of everybody from the day `from`, oldest first, none to anybody else while `user` is kept
    /// off the boards at `now`; `None` when `viewer` may not see them.
    async fn history(
        &self,
        user: UserId,
        period: Period,
        sort_by: SortBy,
        from: Date,
        viewer: Option<UserId>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<RankedDay>>, StoreError>;

    /// All seasons, the newest first.
    async fn seasons(&self) -> Result<Vec<Season>, StoreError>;

    /// The season of `month`, with those of its first whom boards show at `now`.
    async fn season(&self, month: SeasonMonth, now: OffsetDateTime) -> Result<Option<SeasonBoard>, StoreError>;
}
