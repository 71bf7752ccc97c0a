//! Messages without a price, and re-priced accounts.

use domain::pricing::Edition;
use domain::usage::ports::UnpricedReader;
use domain::usage::{Model, RepricedAccount};

use crate::database::Database;
use crate::dictionary::{NameRow, stored_model, stored_provider};
use crate::prelude::*;
use crate::schema::repricings;

#[derive(QueryableByName)]
#[diesel(table_name = repricings)]
struct RepricingRow {
    user_id: Uuid,
    edition: i64,
    at: OffsetDateTime,
    messages: i64,
    cost: Money,
}

#[async_trait]
impl UnpricedReader for Database {
    async fn models_to_price(&self) -> Result<Vec<Model>, StoreError> {
        let query = statement(include_str!("models_to_price.sql"));
        let rows: Vec<NameRow> = query.rows(&self.connection().await?.pg).await?;
        Ok(rows.into_iter().map(|row| stored_model(row.name, row.provider)).collect())
    }

    async fn accounts_to_price(&self, models: &[Model]) -> Result<Vec<UserId>, StoreError> {
        let ids = statement(include_str!("accounts_to_price.sql"))
            .bind_array::<Text>(models.iter().map(|model| model.name.as_str()))
            .bind_array::<Text>(models.iter().map(stored_provider))
            .values::<SqlUuid, _>(&self.connection().await?.pg)
            .await?;
        Ok(ids.into_iter().map(UserId).collect())
    }

    async fn repriced(&self, limit: u32) -> Result<Vec<RepricedAccount>, StoreError> {
        let text =
            "SELECT user_id, edition, at, messages, cost FROM repricings ORDER BY at DESC, user_id, edition LIMIT $1";
        let query = statement(text).bind::<BigInt>(i64::from(limit));
        let rows: Vec<RepricingRow> = query.rows(&self.connection().await?.pg).await?;
        let account = |row: RepricingRow| RepricedAccount {
            user: UserId(row.user_id),
            edition: Edition(row.edition),
            at: row.at,
            messages: row.messages.unsigned_abs(),
            cost: row.cost.0,
        };
        Ok(rows.into_iter().map(account).collect())
    }
}
