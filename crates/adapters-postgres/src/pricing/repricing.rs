//! What has no price, and what got one.

use async_trait::async_trait;
use diesel::sql_types::{Array, BigInt, Integer, Numeric, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::pricing::Edition;
use domain::usage::ports::UnpricedReader;
use domain::usage::{Model, ModelName, Provider, RepricedAccount};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::numeric::Money;
use crate::statement::statement;

#[async_trait]
impl UnpricedReader for Database {
    async fn models_to_price(&self) -> Result<Vec<Model>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(i32, String, String)> = statement::<(Integer, Text, Text)>(include_str!("models_to_price.sql"))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let model = |(_, name, provider): (i32, String, String)| Model {
            name: ModelName::trusted(name),
            provider: (!provider.is_empty()).then(|| Provider::trusted(provider)),
        };
        Ok(rows.into_iter().map(model).collect())
    }

    async fn accounts_to_price(&self, models: &[Model]) -> Result<Vec<UserId>, StoreError> {
        let provider = |model: &Model| model.provider.as_ref().map_or(String::new(), ToString::to_string);
        let mut connection = self.connection().await?;
        let ids: Vec<Uuid> = statement::<SqlUuid>(include_str!("accounts_to_price.sql"))
            .bind::<Array<Text>, _>(models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(models.iter().map(provider).collect::<Vec<_>>())
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(ids.into_iter().map(UserId).collect())
    }

    async fn repriced(&self, limit: u32) -> Result<Vec<RepricedAccount>, StoreError> {
        type Columns = (SqlUuid, BigInt, Timestamptz, BigInt, Numeric);
        let mut connection = self.connection().await?;
        let rows: Vec<(Uuid, i64, OffsetDateTime, i64, Money)> = statement::<Columns>(
            "SELECT user_id, edition, at, messages, cost FROM repricings ORDER BY at DESC, user_id, edition LIMIT $1",
        )
        .bind::<BigInt, _>(i64::from(limit))
        .load(&mut connection.pg)
        .await
        .map_err(store_error)?;
        let account = |(user, edition, at, messages, Money(cost)): (Uuid, _, _, i64, _)| RepricedAccount {
            user: UserId(user),
            edition: Edition(edition),
            at,
            messages: messages.unsigned_abs(),
            cost,
        };
        Ok(rows.into_iter().map(account).collect())
    }
}
