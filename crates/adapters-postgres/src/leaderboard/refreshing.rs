//! Refreshes of all boards, in one transaction.

use diesel::dsl::exists;
use domain::ids::JobId;
use domain::leaderboard::ports::{BestRank, LatestBoard, LeaderboardRepository, ZoneDay};
use domain::leaderboard::{SeasonMonth, TOP};
use time::Duration;

use super::people;
use crate::prelude::*;
use crate::schema::{
    account_counter, best_ranks, board_changes, board_places, board_scores, board_snapshots, boards, seasons,
    usage_days,
};
use crate::unit_of_work::PgUnitOfWork;

/// The snapshot that is read, and the one before it for rank changes.
const KEPT_SNAPSHOTS: i64 = 2;

/// Intermediate tables of sums, with statistics for the planner.
const SUMS: [(&str, &str); 2] = [
    (include_str!("used.sql"), "ANALYZE board_used (user_key, tool, model)"),
    (include_str!("scopes.sql"), "ANALYZE board_scopes (user_key, tool, model, reached_1)"),
];

/// Intermediate tables of scores, computed after damaged accounts are left out.
const SCORES: [(&str, &str); 3] = [
    (include_str!("streaks.sql"), "ANALYZE board_streaks"),
    (include_str!("scores.sql"), "ANALYZE board_scored (user_key, tool, model)"),
    (include_str!("scoped.sql"), "ANALYZE board_scoped (tool, model, period, board)"),
];

/// The steps that store a snapshot: statements, and what the next step and readers need statistics of.
const STORE_STEPS: [(&[&str], &str); 3] = [
    (
        &[
            include_str!("insert_small_scores.sql"),
            include_str!("insert_large_scores.sql"),
            include_str!("insert_overall_scores.sql"),
        ],
        "ANALYZE board_scores (snapshot, tool, model, period, user_key)",
    ),
    (&[include_str!("insert_boards.sql"), include_str!("insert_large_boards.sql")], "ANALYZE boards"),
    (
        &[include_str!("insert_entries.sql"), include_str!("insert_pages.sql"), include_str!("upsert_best_ranks.sql")],
        "ANALYZE board_entries (board, position), board_pages (board, page)",
    ),
];

impl PgUnitOfWork {
    /// Stores the computed scores as the newest snapshot.
    async fn keep_snapshot(&mut self, now: OffsetDateTime, job: Option<JobId>) -> Result<(), StoreError> {
        let snapshot: i32 = diesel::insert_into(board_snapshots::table)
            .values((board_snapshots::computed_at.eq(now), board_snapshots::job.eq(job.map(|job| job.0))))
            .returning(board_snapshots::id)
            .row(self.connection()?)
            .await?;
        for (texts, analyze) in STORE_STEPS {
            for text in texts {
                statement(text).bind::<Integer>(snapshot).run(self.connection()?).await?;
            }
            self.batch(analyze).await?;
        }
        let history = statement(include_str!("upsert_rank_history.sql"));
        history.bind::<Integer>(snapshot).bind::<SqlDate>(now.date()).exec(self.connection()?).await
    }

    /// Removes all snapshots but the newest ones, and the changes before the newest one.
    async fn drop_snapshots(&mut self) -> Result<(), StoreError> {
        let c = self.connection()?;
        diesel::delete(board_changes::table).run(c).await?;
        let oldest_kept: Option<i32> = board_snapshots::table
            .select(board_snapshots::id)
            .order(board_snapshots::id.desc())
            .offset(KEPT_SNAPSHOTS - 1)
            .limit(1)
            .optional(c)
            .await?;
        let Some(oldest) = oldest_kept else { return Ok(()) };
        // Pages are read from the newest snapshot only; the scores of the one before it give rank changes.
        statement(include_str!("delete_old_entries.sql")).run(c).await?;
        diesel::delete(boards::table.filter(boards::snapshot.lt(oldest))).run(c).await?;
        diesel::delete(board_scores::table.filter(board_scores::snapshot.lt(oldest))).run(c).await?;
        diesel::delete(board_places::table.filter(board_places::snapshot.lt(oldest))).run(c).await?;
        diesel::delete(board_snapshots::table.filter(board_snapshots::id.lt(oldest))).exec(c).await
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = board_snapshots)]
struct LatestRow {
    computed_at: OffsetDateTime,
    took_ms: Option<i64>,
    #[diesel(sql_type = Bool)]
    is_overdue: bool,
}

#[derive(QueryableByName)]
#[diesel(table_name = best_ranks)]
struct BestRow {
    user_id: Uuid,
    rank: i32,
}

#[async_trait]
impl LeaderboardRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<(), StoreError> {
        self.advisory_lock("burntop leaderboard").await
    }

    async fn zones(&mut self) -> Result<Vec<String>, StoreError> {
        let zones = statement("SELECT DISTINCT coalesce(timezone, 'UTC') AS value FROM users");
        zones.values::<Text, _>(self.connection()?).await
    }

    async fn refresh(
        &mut self,
        todays: &[ZoneDay],
        now: OffsetDateTime,
        job: Option<JobId>,
    ) -> Result<u64, StoreError> {
        self.make_room().await?;
        people(include_str!("people.sql"), todays, now).run(self.connection()?).await?;
        self.batch("ANALYZE board_people").await?;
        for (compute, analyze) in SUMS {
            self.batch(compute).await?;
            self.batch(analyze).await?;
        }
        self.leave_out(include_str!("leave_out.sql"), "leaderboard").await?;
        for (compute, analyze) in SCORES {
            self.batch(compute).await?;
            self.batch(analyze).await?;
        }
        self.keep_snapshot(now, job).await?;
        self.drop_snapshots().await?;
        let count = statement("SELECT count(*) AS value FROM board_scopes WHERE tool = 0 AND model = 0");
        let people: i64 = count.value::<BigInt, _>(self.connection()?).await?;
        Ok(people.unsigned_abs())
    }

    async fn note_duration(&mut self, took: Duration) -> Result<(), StoreError> {
        let text = "UPDATE board_snapshots SET took_ms = $1 WHERE id = (SELECT max(id) FROM board_snapshots)";
        let took_ms = to_bigint(took.whole_milliseconds());
        statement(text).bind::<BigInt>(took_ms).exec(self.connection()?).await
    }

    async fn latest(&mut self, overdue_since: OffsetDateTime) -> Result<Option<LatestBoard>, StoreError> {
        let query = statement(include_str!("latest_snapshot.sql")).bind::<Timestamptz>(overdue_since);
        let latest: Option<LatestRow> = query.optional(self.connection()?).await?;
        Ok(latest.map(|LatestRow { computed_at, took_ms, is_overdue }| LatestBoard {
            computed_at,
            took: took_ms.map(Duration::milliseconds),
            is_overdue,
        }))
    }

    async fn has_ranked(&mut self, job: JobId) -> Result<bool, StoreError> {
        let ranked = board_snapshots::table.filter(board_snapshots::job.eq(job.0));
        diesel::select(exists(ranked)).row(self.connection()?).await
    }

    async fn is_frozen(&mut self, month: SeasonMonth) -> Result<bool, StoreError> {
        diesel::select(exists(seasons::table.find(month.first()))).row(self.connection()?).await
    }

    async fn frozen(&mut self) -> Result<Vec<SeasonMonth>, StoreError> {
        let months: Vec<Date> = seasons::table.select(seasons::month).rows(self.connection()?).await?;
        Ok(months.into_iter().map(SeasonMonth::of).collect())
    }

    async fn first_day(&mut self) -> Result<Option<Date>, StoreError> {
        usage_days::table
            .filter(usage_days::tokens.gt(0))
            .select(diesel::dsl::min(usage_days::day))
            .row(self.connection()?)
            .await
    }

    async fn first_account(&mut self) -> Result<Option<OffsetDateTime>, StoreError> {
        let made = account_counter::table.select(account_counter::first_at);
        made.row(self.connection()?).await
    }

    async fn freeze(&mut self, month: SeasonMonth, now: OffsetDateTime) -> Result<(), StoreError> {
        let freeze = statement(include_str!("freeze_season.sql"))
            .bind::<SqlDate>(month.first())
            .bind::<SqlDate>(month.last())
            .bind::<Timestamptz>(now)
            .bind::<BigInt>(i64::from(TOP));
        freeze.exec(self.connection()?).await
    }

    async fn unsettled(
        &mut self,
        marks: &[u32],
        after: Option<BestRank>,
        most: u32,
    ) -> Result<Vec<BestRank>, StoreError> {
        let people: Vec<BestRow> = statement(include_str!("unsettled.sql"))
            .bind_array::<Integer>(marks.iter().copied().map(to_integer))
            .bind::<BigInt>(i64::from(most))
            .bind::<Nullable<Integer>>(after.map(|best| to_integer(best.rank)))
            .bind::<Nullable<SqlUuid>>(after.map(|best| best.user.0))
            .rows(self.connection()?)
            .await?;
        let best = |row: BestRow| BestRank { user: UserId(row.user_id), rank: row.rank.unsigned_abs() };
        Ok(people.into_iter().map(best).collect())
    }

    async fn settled(&mut self, best: BestRank) -> Result<(), StoreError> {
        // Not `rank`: a refresh may have improved it since. Two transactions may settle the same account, so it only improves.
        let text = "UPDATE best_ranks SET settled = $2 WHERE user_id = $1 AND (settled IS NULL OR settled > $2)";
        statement(text)
            .bind::<SqlUuid>(best.user.0)
            .bind::<Integer>(to_integer(best.rank))
            .exec(self.connection()?)
            .await
    }

    async fn prune(&mut self, before: Date, most: u32) -> Result<u64, StoreError> {
        let text = "DELETE FROM rank_history WHERE day < $1 AND (user_key, day) IN (
                        SELECT user_key, day FROM rank_history WHERE day < $1 LIMIT $2
                    )";
        let prune = statement(text).bind::<SqlDate>(before).bind::<BigInt>(i64::from(most));
        prune.run(self.connection()?).await
    }
}
