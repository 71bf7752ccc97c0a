//! Streaks at risk.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date as SqlDate, Nullable, Text, Uuid as SqlUuid};
use domain::days::Zone;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::streaks::ports::StreakReader;
use time::Date;

use crate::database::Database;
use crate::query::RunQuery;
use crate::schema::users;
use crate::statement::statement;

#[async_trait]
impl StreakReader for Database {
    async fn zones(&self) -> Result<Vec<Zone>, StoreError> {
        let names: Vec<Option<String>> = users::table
            .filter(users::deleted_at.is_null())
            .select(users::timezone)
            .distinct()
            .rows(&self.connection().await?.pg)
            .await?;
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
        let rows = statement(include_str!("streaks_at_risk.sql"))
            .bind_array::<Text>(places.iter().map(|(zone, _)| zone.name()))
            .bind_array::<SqlDate>(places.iter().map(|(_, today)| *today))
            .bind::<Nullable<SqlUuid>>(after.map(|user| user.0))
            .bind::<BigInt>(i64::from(most))
            .values::<SqlUuid, _>(&self.connection().await?.pg)
            .await?;
        Ok(rows.into_iter().map(UserId).collect())
    }
}
