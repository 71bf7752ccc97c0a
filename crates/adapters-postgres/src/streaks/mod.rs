//! Streaks at risk.

use domain::days::Zone;
use domain::streaks::ports::StreakReader;

use crate::database::Database;
use crate::prelude::*;
use crate::schema::users;

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

    async fn at_risk(
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
