//! Whose streak may be at risk.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::days::Zone;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::streaks::ports::StreakReader;
use time::Date;
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::schema::users;
use crate::statement::statement;

#[async_trait]
impl StreakReader for Database {
    async fn zones(&self) -> Result<Vec<Zone>, StoreError> {
        let names: Vec<Option<String>> = users::table
            .filter(users::deleted_at.is_null())
            .select(users::timezone)
            .distinct()
            .load(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        let mut zones: Vec<Zone> = names
            .into_iter()
            .filter_map(|name| name.map_or_else(|| Some(Zone::utc()), |name| Zone::parse(&name)))
            .collect();
        zones.sort_by(|one, other| one.name().cmp(other.name()));
        zones.dedup();
        Ok(zones)
    }

    async fn unfed(
        &self,
        places: &[(Zone, Date)],
        after: Option<UserId>,
        most: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let rows: Vec<Uuid> = statement::<SqlUuid>(include_str!("streaks_at_risk.sql"))
            .bind::<Array<Text>, _>(places.iter().map(|(zone, _)| zone.name()).collect::<Vec<_>>())
            .bind::<Array<SqlDate>, _>(places.iter().map(|(_, today)| *today).collect::<Vec<_>>())
            .bind::<Nullable<SqlUuid>, _>(after.map(|user| user.0))
            .bind::<BigInt, _>(i64::from(most))
            .load(&mut self.connection().await?.pg)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(UserId).collect())
    }
}
