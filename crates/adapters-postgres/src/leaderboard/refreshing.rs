//! Refreshing: one statement after the other over everybody, in one transaction.

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date as SqlDate, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::{JobId, UserId};
use domain::leaderboard::ports::{BestRank, LatestBoard, LeaderboardRepository, ZoneDay};
use domain::leaderboard::{SeasonMonth, TOP};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::error::store_error;
use crate::schema::{account_counter, board_places, board_scores, board_snapshots, seasons, usage_days};
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

/// Names the lock that a refresh holds.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('burntop leaderboard', 0))";

/// How many snapshots are kept: the one that is read, and the one it is compared with.
const KEPT_SNAPSHOTS: i64 = 2;

/// The sums, computed on the way; each tells the planner how large it is.
const SUMS: [(&str, &str); 2] = [
    (include_str!("used.sql"), "ANALYZE board_used (user_key, tool, model)"),
    (include_str!("scopes.sql"), "ANALYZE board_scopes (user_key, tool, model, reached_1)"),
];

/// The scores, computed from the sums of those who are not left out.
const SCORES: [(&str, &str); 2] = [
    (include_str!("streaks.sql"), "ANALYZE board_streaks"),
    (include_str!("scores.sql"), "ANALYZE board_scored (user_key, tool, model)"),
];

/// What is kept of it, by the number of the snapshot.
const KEPT: [&str; 4] = [
    include_str!("keep_scoped.sql"),
    include_str!("keep_whole.sql"),
    include_str!("keep_places.sql"),
    include_str!("note_best.sql"),
];

impl PgUnitOfWork {
    /// Keeps what was computed as the newest snapshot.
    async fn keep_snapshot(&mut self, now: OffsetDateTime, job: Option<JobId>) -> Result<(), StoreError> {
        let snapshot: i32 = diesel::insert_into(board_snapshots::table)
            .values((board_snapshots::computed_at.eq(now), board_snapshots::job.eq(job.map(|job| job.0))))
            .returning(board_snapshots::id)
            .get_result(self.connection()?)
            .await
            .map_err(store_error)?;
        for text in KEPT {
            self.run(statement::<()>(text).bind::<Integer, _>(snapshot)).await?;
        }
        let history = statement::<()>(include_str!("note_history.sql"))
            .bind::<Integer, _>(snapshot)
            .bind::<SqlDate, _>(now.date());
        self.run(history).await?;
        Ok(())
    }

    /// Removes all snapshots but the newest.
    async fn drop_snapshots(&mut self) -> Result<(), StoreError> {
        let c = self.connection()?;
        let oldest_kept: Option<i32> = board_snapshots::table
            .select(board_snapshots::id)
            .order(board_snapshots::id.desc())
            .offset(KEPT_SNAPSHOTS - 1)
            .first(c)
            .await
            .optional()
            .map_err(store_error)?;
        let Some(oldest) = oldest_kept else { return Ok(()) };
        let gone = board_scores::table.filter(board_scores::snapshot.lt(oldest));
        diesel::delete(gone).execute(c).await.map_err(store_error)?;
        let gone = board_places::table.filter(board_places::snapshot.lt(oldest));
        diesel::delete(gone).execute(c).await.map_err(store_error)?;
        let gone = board_snapshots::table.filter(board_snapshots::id.lt(oldest));
        diesel::delete(gone).execute(c).await.map_err(store_error)?;
        Ok(())
    }
}

/// A rank as it is stored.
fn stored(rank: u32) -> i32 {
    i32::try_from(rank).unwrap_or(i32::MAX)
}

#[async_trait]
impl LeaderboardRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<(), StoreError> {
        self.batch(LOCK).await
    }

    async fn zones(&mut self) -> Result<Vec<String>, StoreError> {
        statement::<Text>("SELECT DISTINCT coalesce(timezone, 'UTC') FROM users")
            .load(self.connection()?)
            .await
            .map_err(store_error)
    }

    async fn refresh(
        &mut self,
        todays: &[ZoneDay],
        now: OffsetDateTime,
        job: Option<JobId>,
    ) -> Result<u64, StoreError> {
        self.make_room().await?;
        let people = statement::<()>(include_str!("people.sql"))
            .bind::<Array<Text>, _>(todays.iter().map(|zone| zone.zone.as_str()).collect::<Vec<_>>())
            .bind::<Array<SqlDate>, _>(todays.iter().map(|zone| zone.today).collect::<Vec<_>>())
            .bind::<Timestamptz, _>(now);
        self.run(people).await?;
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
        // Statements that read meet a snapshot that no statistics speak of yet.
        self.batch(
            "ANALYZE board_scores (snapshot, tool, model, period, user_key), board_places (snapshot, measure, period)",
        )
        .await?;
        let count = "SELECT count(*) FROM board_scopes WHERE tool = 0 AND model = 0";
        let people: i64 = statement::<BigInt>(count).get_result(self.connection()?).await.map_err(store_error)?;
        Ok(people.unsigned_abs())
    }

    async fn note_duration(&mut self, took: Duration) -> Result<(), StoreError> {
        let text = "UPDATE board_snapshots SET took_ms = $1 WHERE id = (SELECT max(id) FROM board_snapshots)";
        let took_ms = i64::try_from(took.whole_milliseconds()).unwrap_or(i64::MAX);
        self.run(statement::<()>(text).bind::<BigInt, _>(took_ms)).await?;
        Ok(())
    }

    async fn latest(&mut self, overdue_since: OffsetDateTime) -> Result<Option<LatestBoard>, StoreError> {
        type Columns = (Timestamptz, Nullable<BigInt>, Bool);
        let latest: Option<(OffsetDateTime, Option<i64>, bool)> = statement::<Columns>(include_str!("latest.sql"))
            .bind::<Timestamptz, _>(overdue_since)
            .get_result(self.connection()?)
            .await
            .optional()
            .map_err(store_error)?;
        let board = |(computed_at, took_ms, is_overdue): (OffsetDateTime, Option<i64>, bool)| LatestBoard {
            computed_at,
            took: took_ms.map(Duration::milliseconds),
            is_overdue,
        };
        Ok(latest.map(board))
    }

    async fn has_ranked(&mut self, job: JobId) -> Result<bool, StoreError> {
        let ranked = board_snapshots::table.filter(board_snapshots::job.eq(job.0));
        diesel::select(exists(ranked)).get_result(self.connection()?).await.map_err(store_error)
    }

    async fn is_frozen(&mut self, month: SeasonMonth) -> Result<bool, StoreError> {
        let found = seasons::table.find(month.first()).select(seasons::month);
        let found: Option<Date> = found.first(self.connection()?).await.optional().map_err(store_error)?;
        Ok(found.is_some())
    }

    async fn frozen(&mut self) -> Result<Vec<SeasonMonth>, StoreError> {
        let months: Vec<Date> =
            seasons::table.select(seasons::month).load(self.connection()?).await.map_err(store_error)?;
        Ok(months.into_iter().map(SeasonMonth::of).collect())
    }

    async fn first_day(&mut self) -> Result<Option<Date>, StoreError> {
        usage_days::table
            .filter(usage_days::tokens.gt(0))
            .select(diesel::dsl::min(usage_days::day))
            .get_result(self.connection()?)
            .await
            .map_err(store_error)
    }

    async fn first_account(&mut self) -> Result<Option<OffsetDateTime>, StoreError> {
        let made = account_counter::table.select(account_counter::first_at);
        made.first(self.connection()?).await.map_err(store_error)
    }

    async fn freeze(&mut self, month: SeasonMonth, now: OffsetDateTime) -> Result<(), StoreError> {
        let freeze = statement::<()>(include_str!("freeze_entries.sql"))
            .bind::<SqlDate, _>(month.first())
            .bind::<SqlDate, _>(month.last())
            .bind::<Timestamptz, _>(now)
            .bind::<BigInt, _>(i64::from(TOP));
        self.run(freeze).await?;
        Ok(())
    }

    async fn unsettled(
        &mut self,
        marks: &[u32],
        after: Option<BestRank>,
        most: u32,
    ) -> Result<Vec<BestRank>, StoreError> {
        let marks: Vec<i32> = marks.iter().copied().map(stored).collect();
        let people: Vec<(Uuid, i32)> = statement::<(SqlUuid, Integer)>(include_str!("unsettled.sql"))
            .bind::<Array<Integer>, _>(marks)
            .bind::<BigInt, _>(i64::from(most))
            .bind::<Nullable<Integer>, _>(after.map(|best| stored(best.rank)))
            .bind::<Nullable<SqlUuid>, _>(after.map(|best| best.user.0))
            .load(self.connection()?)
            .await
            .map_err(store_error)?;
        let best = |(user, rank): (Uuid, i32)| BestRank { user: UserId(user), rank: rank.unsigned_abs() };
        Ok(people.into_iter().map(best).collect())
    }

    async fn settled(&mut self, best: BestRank) -> Result<(), StoreError> {
        // Not `rank`, which a refresh may have made better since; and never worse, where two settle the same person.
        let text = "UPDATE best_ranks SET settled = $2 WHERE user_id = $1 AND (settled IS NULL OR settled > $2)";
        self.run(statement::<()>(text).bind::<SqlUuid, _>(best.user.0).bind::<Integer, _>(stored(best.rank))).await?;
        Ok(())
    }

    async fn prune(&mut self, before: Date, most: u32) -> Result<u64, StoreError> {
        let text = "DELETE FROM rank_history WHERE day < $1 AND (user_key, day) IN (
                        SELECT user_key, day FROM rank_history WHERE day < $1 LIMIT $2
                    )";
        let prune = statement::<()>(text).bind::<SqlDate, _>(before).bind::<BigInt, _>(i64::from(most));
        self.run(prune).await
    }
}
