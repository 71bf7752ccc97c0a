//! Refreshes, reads and prunes boards.

use std::fmt;

use time::{Date, Duration};

use super::board::{Board, BoardEntry, BoardKind, BoardQuery, BoardSlice, BoardVersion, SortBy};
use super::error::LeaderboardError;
use super::history::{HistoryDays, RankedDay};
use super::ports::{BestRank, ZoneDay};
use super::queue_refresh::queue_refresh;
use super::season::{Season, SeasonBoard, SeasonMonth};
use crate::achievements::{Metric, catalogue};
use crate::administration::{AdminAction, AdminActionKind, Administrator, AuditTarget};
use crate::batch_outcome::BatchOutcome;
use crate::days::{Period, window_start};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::{JobId, UserId};
use crate::jobs::JobAttempt;
use crate::progression::{AccountChange, settle};
use crate::text::plural;
use crate::users::{Username, ViewedProfile};

/// The accounts with a rewarded rank that are read at once.
const SETTLE_BATCH: u32 = 500;

/// The rows of history that one transaction removes: its locks must not delay requests.
const PRUNE_BATCH: u32 = 5_000;

/// The use cases of boards.
#[derive(Clone)]
pub struct Leaderboard {
    deps: Deps,
}

/// The result of a refresh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefreshReport {
    /// The accounts with usage; `None` if an earlier attempt had ranked them.
    pub people: Option<u64>,
    /// The months that were frozen, oldest first.
    pub frozen: Vec<SeasonMonth>,
    /// The accounts whose best rank earned a new reward.
    pub settled: u64,
}

impl fmt::Display for RefreshReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.people {
            Some(people) => write!(f, "{} ranked", plural(people, "account"))?,
            None => write!(f, "ranked by an earlier attempt")?,
        }
        write!(f, ", {} rewarded for a rank", self.settled)?;
        for month in &self.frozen {
            write!(f, ", season {month} frozen")?;
        }
        Ok(())
    }
}

impl Leaderboard {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Ranks all accounts, freezes months that have ended, and grants the rewards of ranks. Each step is atomic; a step that a
    /// crash prevented is done by the next refresh.
    pub async fn refresh(&self) -> Result<RefreshReport, LeaderboardError> {
        self.refresh_in(None).await
    }

    /// Refreshes boards in an `attempt` at a job. A later attempt does not rank again, since ranks would be compared with those
    /// of a moment ago.
    pub async fn refresh_in(&self, attempt: Option<JobAttempt>) -> Result<RefreshReport, LeaderboardError> {
        let people = self.rank_accounts(attempt).await?;
        let frozen = self.freeze().await?;
        let settled = self.settle_ranks().await?;
        Ok(RefreshReport { people, frozen, settled })
    }

    /// Queues a refresh for an administrator and returns its job. A waiting refresh is shared. A running one may have read the
    /// usage already, so another one is queued.
    pub async fn request_refresh(&self, by: &Administrator) -> Result<JobId, LeaderboardError> {
        self.deps.retried(|| self.request_refresh_once(by)).await
    }

    async fn request_refresh_once(&self, by: &Administrator) -> Result<JobId, LeaderboardError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let queued = queue_refresh(&mut *tx, &*self.deps.ids, now, now).await?;
        let details = vec![("job", queued.to_string().into())];
        AdminAction::new(AdminActionKind::RefreshBoards, AuditTarget::Boards, details)
            .record(tx.administration(), &*self.deps.ids, by, now)
            .await?;
        tx.commit().await?;
        Ok(queued)
    }

    async fn rank_accounts(&self, attempt: Option<JobAttempt>) -> Result<Option<u64>, LeaderboardError> {
        let mut tx = self.deps.begin().await?;
        tx.leaderboard().lock().await?;
        if let Some(JobAttempt { job, number: 2.. }) = attempt
            && tx.leaderboard().has_ranked(job).await?
        {
            return Ok(None);
        }
        let now = self.deps.now();
        let todays = ZoneDay::all(tx.leaderboard().zones().await?, now);
        let people = tx.leaderboard().refresh(&todays, now, attempt.map(|attempt| attempt.job)).await?;
        tx.leaderboard().note_duration(self.deps.now() - now).await?;
        tx.commit().await?;
        Ok(Some(people))
    }

    /// Freezes the ended months that are not frozen yet, missed ones included, from the first season on.
    async fn freeze(&self) -> Result<Vec<SeasonMonth>, LeaderboardError> {
        let mut tx = self.deps.begin().await?;
        tx.leaderboard().lock().await?;
        let now = self.deps.now();
        let last = SeasonMonth::last_over(now);
        // The first day costs a scan, so it is read only once a month.
        if tx.leaderboard().is_frozen(last).await? {
            return Ok(Vec::new());
        }
        let Some(used) = tx.leaderboard().first_day().await? else { return Ok(Vec::new()) };
        let Some(made) = tx.leaderboard().first_account().await? else { return Ok(Vec::new()) };
        let first = SeasonMonth::first_season(used, made);
        let months = SeasonMonth::missing(first, last, &tx.leaderboard().frozen().await?);
        for month in &months {
            tx.leaderboard().freeze(*month, now).await?;
        }
        tx.commit().await?;
        Ok(months)
    }

    /// Settles accounts with a new best rank, each in a transaction of its own. An account that fails does not affect others
    /// (I11).
    async fn settle_ranks(&self) -> Result<u64, StoreError> {
        let (mut round, mut after) = (BatchOutcome::default(), None);
        loop {
            let mut tx = self.deps.begin().await?;
            let people = tx.leaderboard().unsettled(&rank_marks(), after, SETTLE_BATCH).await?;
            drop(tx);
            for best in &people {
                round.record(self.settle_rank(*best).await.map(|()| true))?;
            }
            if people.len() < SETTLE_BATCH as usize {
                return round.end();
            }
            after = people.last().copied();
        }
    }

    async fn settle_rank(&self, best: BestRank) -> Result<(), StoreError> {
        self.deps.retried(|| self.settle_rank_once(best)).await
    }

    async fn settle_rank_once(&self, best: BestRank) -> Result<(), StoreError> {
        let mut tx = self.deps.begin().await?;
        if let Some(account) = tx.accounts().lock(best.user).await? {
            settle(&mut *tx, &*self.deps.ids, self.deps.now(), best.user, AccountChange::of(account)).await?;
        }
        // Also for a deleted account, so that it is not found again at each refresh.
        tx.leaderboard().settled(best).await?;
        tx.commit().await
    }

    /// A page of the board as `viewer` sees it.
    pub async fn board(
        &self,
        query: &BoardQuery,
        part: BoardSlice,
        viewer: Option<UserId>,
    ) -> Result<Board, LeaderboardError> {
        if query.kind() == BoardKind::Friends && viewer.is_none() {
            return Err(LeaderboardError::NotSignedIn);
        }
        Ok(self.deps.reads().leaderboard().board(query, part, viewer, self.deps.now()).await?)
    }

    /// The state on which the pages of boards depend: while it stays, they do not change for the same viewer.
    pub async fn version(&self) -> Result<Option<BoardVersion>, LeaderboardError> {
        Ok(self.deps.reads().leaderboard().version(self.deps.now()).await?)
    }

    /// The entry of the user `name` on the global board.
    pub async fn entry(
        &self,
        name: &Username,
        period: Period,
        sort_by: SortBy,
        viewer: Option<UserId>,
    ) -> Result<BoardEntry, LeaderboardError> {
        let entry = self.deps.reads().leaderboard().entry(name, period, sort_by, viewer, self.deps.now()).await?;
        entry.ok_or_else(|| LeaderboardError::Unranked(name.to_string()))
    }

    /// The ranks of the viewed profile in the last `days` days, oldest first. Days without a refresh are missing, and all days
    /// for other viewers while the account is flagged.
    pub async fn history(
        &self,
        look: &ViewedProfile,
        period: Period,
        sort_by: SortBy,
        days: HistoryDays,
    ) -> Result<Vec<RankedDay>, LeaderboardError> {
        let now = self.deps.now();
        let from = window_start(now.date(), days.get());
        let history =
            self.deps.reads().leaderboard().history(look.user.id, period, sort_by, from, look.viewer, now).await?;
        history.ok_or(LeaderboardError::Private)
    }

    /// All seasons, newest first.
    pub async fn seasons(&self) -> Result<Vec<Season>, LeaderboardError> {
        Ok(self.deps.reads().leaderboard().seasons().await?)
    }

    pub async fn season(&self, month: SeasonMonth) -> Result<SeasonBoard, LeaderboardError> {
        let season = self.deps.reads().leaderboard().season(month, self.deps.now()).await?;
        season.ok_or(LeaderboardError::UnknownSeason(month))
    }

    /// Removes ranks of more than `kept_days` days ago in batches, each in a transaction of its own, until none is left or `stop`
    /// returns true. Returns the number of rows.
    pub async fn prune(&self, kept_days: u16, stop: impl Fn() -> bool) -> Result<u64, LeaderboardError> {
        let mut pruned = 0;
        while !stop() {
            let mut tx = self.deps.begin().await?;
            let batch = tx.leaderboard().prune(oldest_kept(self.deps.now().date(), kept_days), PRUNE_BATCH).await?;
            tx.commit().await?;
            pruned += batch;
            if batch < u64::from(PRUNE_BATCH) {
                break;
            }
        }
        Ok(pruned)
    }
}

/// The first day whose ranks are kept on the day `today`.
fn oldest_kept(today: Date, kept_days: u16) -> Date {
    today.checked_sub(Duration::days(kept_days.into())).unwrap_or(Date::MIN)
}

/// The ranks with a reward: all thresholds of achievements, and those of announcements.
fn rank_marks() -> Vec<u32> {
    let thresholds = catalogue().iter().filter(|definition| definition.metric == Metric::BestRank);
    let thresholds =
        thresholds.flat_map(|definition| definition.thresholds).filter_map(|mark| u32::try_from(*mark).ok());
    let mut marks: Vec<u32> = thresholds.chain(crate::progression::RANK_MARKS).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}
