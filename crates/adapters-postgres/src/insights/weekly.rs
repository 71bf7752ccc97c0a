//! Which weeks were summed up for whom.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::insights::ports::{DueWeek, WeeklyReader, WeeklyRepository};
use domain::weeks::Week;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::schema::weekly_summaries;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl WeeklyReader for Database {
    async fn unsummed(
        &self,
        due: &[DueWeek],
        after: Option<UserId>,
        most: u32,
    ) -> Result<Vec<(UserId, Week)>, StoreError> {
        let rows: Vec<(Uuid, Date)> = statement::<(SqlUuid, SqlDate)>(include_str!("weekly_summaries_due.sql"))
            .bind::<Array<Text>, _>(due.iter().map(|due| due.zone.name()).collect::<Vec<_>>())
            .bind::<Array<SqlDate>, _>(due.iter().map(|due| due.week.monday()).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(due.iter().map(|due| due.from).collect::<Vec<_>>())
            .bind::<Nullable<SqlUuid>, _>(after.map(|user| user.0))
            .bind::<BigInt, _>(i64::from(most))
            .load(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(|(user, monday)| (UserId(user), Week::of(monday))).collect())
    }

    async fn rank(&self, user: UserId) -> Result<Option<u64>, StoreError> {
        let rank: Option<Option<i32>> =
            statement::<Nullable<Integer>>("SELECT current_rank(key) FROM users WHERE id = $1")
                .bind::<SqlUuid, _>(user.0)
                .get_result(&mut self.connection().await?.pg)
                .await
                .optional()
                .map_err(store_error)?;
        Ok(rank.flatten().map(|rank| rank.unsigned_abs().into()))
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
        Ok(query.execute(self.connection()?).await.map_err(store_error)? > 0)
    }
}
