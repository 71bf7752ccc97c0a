//! What is done with boards: refreshed, looked at, and in the end forgotten.

use std::fmt;

use time::{Date, Duration};

use super::asking::ask_for_refresh;
use super::board::{Board, BoardKind, BoardQuery, Entry, Part, SortBy};
use super::error::LeaderboardError;
use super::history::{HistoryDays, KEPT_DAYS, RankedDay};
use super::ports::{BestRank, ZoneDay};
use super::season::{Season, SeasonBoard, SeasonMonth};
use crate::achievements::{Metric, catalogue};
use crate::administration::{AdminAction, AdminActionKind, Administrator, AuditTarget};
use crate::batch_outcome::BatchOutcome;
use crate::days::{Period, window_start};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::{JobId, UserId};
use crate::jobs::Attempt;
use crate::progression::{Change, settle};
use crate::text::grouped;
use crate::users::{Username, ViewedProfile};

/// How many people are looked up at a time whose rank earned something.
const SETTLED_AT_ONCE: u32 = 500;

/// How many rows of history one transaction removes: few enough that nobody waits for it.
const PRUNED_AT_ONCE: u32 = 5_000;

/// The use cases of boards.
#[derive(Clone)]
pub struct Leaderboard {
    deps: Deps,
}

/// What a refresh did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refreshed {
    /// How many people have usage; `None` where everybody was ranked by an attempt before.
    pub people: Option<u64>,
    /// The months that were frozen, oldest first.
    pub frozen: Vec<SeasonMonth>,
    /// How many people's best rank earned something new.
    pub settled: u64,
}

impl fmt::Display for Refreshed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = |number, one, many| if number == 1 { one } else { many };
        let (people, settled) = (self.people, self.settled);
        match people {
            Some(people) => {
                let number = grouped(i64::try_from(people).unwrap_or(i64::MAX));
                write!(f, "{number} {} ranked", noun(people, "person", "people"))?;
            }
            None => write!(f, "ranked by an attempt before")?,
        }
        write!(f, ", {settled} with a rank that earns something")?;
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

    /// Ranks everybody anew, freezes the months that are over, and gives people what their ranks earn. Each step is whole or
    /// not at all; what a crash left out is done by the next refresh.
    pub async fn refresh(&self) -> Result<Refreshed, LeaderboardError> {
        self.refresh_in(None).await
    }

    /// Does that in an `attempt` at a job. What an attempt before it has ranked is not ranked anew: ranks would be compared with
    /// those of a moment ago.
    pub async fn refresh_in(&self, attempt: Option<Attempt>) -> Result<Refreshed, LeaderboardError> {
        let people = self.rank_everybody(attempt).await?;
        let frozen = self.freeze().await?;
        let settled = self.settle_ranks().await?;
        Ok(Refreshed { people, frozen, settled })
    }

    /// Queues a refresh, for an administrator who does not want to wait for the next one; returns its job. Who asks while one
    /// waits gets that one; one that has begun may have read already, so another is queued.
    pub async fn request_refresh(&self, by: &Administrator) -> Result<JobId, LeaderboardError> {
        self.deps.retried(|| self.request_refresh_once(by)).await
    }

    async fn request_refresh_once(&self, by: &Administrator) -> Result<JobId, LeaderboardError> {
        let now = self.deps.now();
        let mut tx = self.deps.begin().await?;
        let queued = ask_for_refresh(&mut *tx, &*self.deps.ids, now, now).await?;
        let details = vec![("job", queued.to_string().into())];
        AdminAction::new(AdminActionKind::RefreshBoards, AuditTarget::Boards, details)
            .record(tx.administration(), &*self.deps.ids, by, now)
            .await?;
        tx.commit().await?;
        Ok(queued)
    }

    async fn rank_everybody(&self, attempt: Option<Attempt>) -> Result<Option<u64>, LeaderboardError> {
        let mut tx = self.deps.begin().await?;
        tx.leaderboard().lock().await?;
        if let Some(Attempt { job, number: 2.. }) = attempt
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

    /// Freezes what is over since the instance has accounts and was not frozen yet, also months that were missed.
    async fn freeze(&self) -> Result<Vec<SeasonMonth>, LeaderboardError> {
        let mut tx = self.deps.begin().await?;
        tx.leaderboard().lock().await?;
        let now = self.deps.now();
        let last = SeasonMonth::last_over(now);
        // Looked at once a month: the first day costs a look at all of them.
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

    /// Gives people what their best rank newly earns, each in a transaction of their own. A failure with one keeps nobody else
    /// from theirs.
    async fn settle_ranks(&self) -> Result<u64, StoreError> {
        let (mut round, mut after) = (BatchOutcome::default(), None);
        loop {
            let mut tx = self.deps.begin().await?;
            let people = tx.leaderboard().unsettled(&rank_marks(), after, SETTLED_AT_ONCE).await?;
            drop(tx);
            for best in &people {
                round.record(self.settle_rank(*best).await.map(|()| true))?;
            }
            if people.len() < SETTLED_AT_ONCE as usize {
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
            settle(&mut *tx, &*self.deps.ids, self.deps.now(), best.user, Change::of(account)).await?;
        }
        // Also of who was deleted meanwhile, so that nobody is met again and again.
        tx.leaderboard().settled(best).await?;
        tx.commit().await
    }

    /// The part of a board that is asked for, as `viewer` sees it.
    pub async fn board(
        &self,
        query: &BoardQuery,
        part: Part,
        viewer: Option<UserId>,
    ) -> Result<Board, LeaderboardError> {
        if query.kind() == BoardKind::Friends && viewer.is_none() {
            return Err(LeaderboardError::NotSignedIn);
        }
        Ok(self.deps.reads().leaderboard().board(query, part, viewer, self.deps.now()).await?)
    }

    /// The entry of the person called `name` on the board of everybody.
    pub async fn entry(
        &self,
        name: &Username,
        period: Period,
        sort_by: SortBy,
        viewer: Option<UserId>,
    ) -> Result<Entry, LeaderboardError> {
        let entry = self.deps.reads().leaderboard().entry(name, period, sort_by, viewer, self.deps.now()).await?;
        entry.ok_or_else(|| LeaderboardError::Unranked(name.to_string()))
    }

    /// The ranks of the last `days` days of the person who is looked at, oldest first. Days without a refresh are left
    /// out, and all of them for strangers while the person is kept off the boards.
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

    /// All seasons, the newest first.
    pub async fn seasons(&self) -> Result<Vec<Season>, LeaderboardError> {
        Ok(self.deps.reads().leaderboard().seasons().await?)
    }

    /// The season of `month`.
    pub async fn season(&self, month: SeasonMonth) -> Result<SeasonBoard, LeaderboardError> {
        let season = self.deps.reads().leaderboard().season(month, self.deps.now()).await?;
        season.ok_or(LeaderboardError::UnknownSeason(month))
    }

    /// Removes the ranks of days that are not kept any more, batch by batch, each in a transaction of its own, until none is
    /// left or `stop` says so; returns how many rows.
    pub async fn prune(&self, stop: impl Fn() -> bool) -> Result<u64, LeaderboardError> {
        let mut pruned = 0;
        while !stop() {
            let mut tx = self.deps.begin().await?;
            let batch = tx.leaderboard().prune(oldest_kept(self.deps.now().date()), PRUNED_AT_ONCE).await?;
            tx.commit().await?;
            pruned += batch;
            if batch < u64::from(PRUNED_AT_ONCE) {
                break;
            }
        }
        Ok(pruned)
    }
}

/// The first day whose ranks are kept on the day `today`.
fn oldest_kept(today: Date) -> Date {
    today.checked_sub(Duration::days(KEPT_DAYS.into())).unwrap_or(Date::MIN)
}

/// The ranks that earn something: every threshold of an achievement, and those that are announced.
fn rank_marks() -> Vec<u32> {
    let thresholds = catalogue().iter().filter(|definition| definition.metric == Metric::BestRank);
    let thresholds =
        thresholds.flat_map(|definition| definition.thresholds).filter_map(|mark| u32::try_from(*mark).ok());
    let mut marks: Vec<u32> = thresholds.chain(crate::progression::RANK_MARKS).collect();
    marks.sort_unstable();
    marks.dedup();
    marks
}
