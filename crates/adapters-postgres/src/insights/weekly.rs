//! Weekly summaries: the accounts without one, and claims.

use domain::insights::ports::{DueWeek, WeeklyReader, WeeklyRepository};
use domain::weeks::Week;

use crate::database::Database;
use crate::prelude::*;
use crate::schema::weekly_summaries;
use crate::unit_of_work::PgUnitOfWork;

#[derive(QueryableByName)]
struct DueRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlDate)]
    monday: Date,
}

#[async_trait]
impl WeeklyReader for Database {
    async fn due_accounts(
        &self,
        due: &[DueWeek],
        after: Option<UserId>,
        most: u32,
    ) -> Result<Vec<(UserId, Week)>, StoreError> {
        let rows: Vec<DueRow> = statement(include_str!("weekly_summaries_due.sql"))
            .bind_array::<Text>(due.iter().map(|due| due.zone.name()))
            .bind_array::<SqlDate>(due.iter().map(|due| due.week.monday()))
            .bind_array::<Timestamptz>(due.iter().map(|due| due.from))
            .bind::<Nullable<SqlUuid>>(after.map(|user| user.0))
            .bind::<BigInt>(i64::from(most))
            .rows(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().map(|row| (UserId(row.id), Week::of(row.monday))).collect())
    }

    async fn rank(&self, user: UserId) -> Result<Option<u64>, StoreError> {
        let query = statement("SELECT current_rank(key) AS value FROM users WHERE id = $1").bind::<SqlUuid>(user.0);
        let ranks: Vec<Option<i32>> = query.values::<Nullable<Integer>, _>(&self.connection().await?.pg).await?;
        Ok(ranks.into_iter().flatten().next().map(|rank| rank.unsigned_abs().into()))
    }
}

#[async_trait]
impl WeeklyRepository for PgUnitOfWork {
    async fn claim(&mut self, user: UserId, week: Week, now: OffsetDateTime) -> Result<bool, StoreError> {
        let row = (
            weekly_summaries::user_id.eq(user.0),
            weekly_summaries::week.eq(week.monday()),
            weekly_summaries::created_at.eq(now),
        );
        let query = diesel::insert_into(weekly_summaries::table).values(row).on_conflict_do_nothing();
        Ok(query.run(self.connection()?).await? > 0)
    }
}
