//! The prices that are stored: rows of live tables, what administrators decided, and who got a price by them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::administration::Reason;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::pricing::ports::{ModelNames, Origin, PriceReader, PriceRepository, StoredPrices};
use domain::pricing::{
    Decision, DecisionId, Edition, Override, PriceRow, PriceUpdate, PriceUpdateOutcome, Prices, UnpricedModel, line,
};
use domain::usage::{Model, ModelName, Provider};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Database;
use crate::error::store_error;
use crate::schema::{models, price_book, price_rows, price_updates};
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

const LIVE: &str = "live";
const OVERRIDE: &str = "override";

/// Model, provider, instant, and prices as text.
type RowColumns = (String, String, OffsetDateTime, Option<String>);

#[async_trait]
impl ModelNames for Database {
    async fn named(&self) -> Result<Vec<(Model, Option<ModelName>)>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(String, String, Option<String>)> = models::table
            .select((models::name, models::provider, models::canonical))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let model = |(name, provider, canonical): (String, String, Option<String>)| {
            let provider = (!provider.is_empty()).then(|| Provider::trusted(provider));
            (Model { name: ModelName::trusted(name), provider }, canonical.map(ModelName::trusted))
        };
        Ok(rows.into_iter().map(model).collect())
    }

    async fn name(&self, names: &[(Model, ModelName)]) -> Result<(), StoreError> {
        let provider = |model: &Model| model.provider.as_ref().map_or(String::new(), ToString::to_string);
        let mut connection = self.connection().await?;
        statement::<()>(include_str!("set_canonical.sql"))
            .bind::<Array<Text>, _>(names.iter().map(|(model, _)| model.name.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(names.iter().map(|(model, _)| provider(model)).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(names.iter().map(|(_, canonical)| canonical.as_str()).collect::<Vec<_>>())
            .execute(&mut connection.pg)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl PriceRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<Origin, StoreError> {
        let (source, etag, listed): (Option<String>, Option<String>, Option<i64>) = price_book::table
            .select((price_book::source, price_book::etag, price_book::listed))
            .for_no_key_update()
            .first(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(Origin { source, etag, listed: listed.map(count) })
    }

    async fn live_rows(&mut self) -> Result<Vec<PriceRow>, StoreError> {
        live_rows(self.connection()?).await
    }

    async fn insert_live(&mut self, rows: &[PriceRow], now: OffsetDateTime) -> Result<(), StoreError> {
        statement::<()>(include_str!("insert_live_prices.sql"))
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.model.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.provider.as_str()).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.valid_from).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.prices.to_string()).collect::<Vec<_>>())
            .bind::<Timestamptz, _>(now)
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn set_origin(&mut self, origin: &Origin) -> Result<(), StoreError> {
        let listed = origin.listed.map(stored_count);
        diesel::update(price_book::table)
            .set((
                price_book::source.eq(&origin.source),
                price_book::etag.eq(&origin.etag),
                price_book::listed.eq(listed),
            ))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn insert_decision(
        &mut self,
        decided: &Override,
        by: UserId,
        now: OffsetDateTime,
        reason: &Reason,
    ) -> Result<DecisionId, StoreError> {
        let id = diesel::insert_into(price_rows::table)
            .values((
                price_rows::origin.eq(OVERRIDE),
                price_rows::model.eq(decided.model.as_str()),
                price_rows::provider.eq(decided.provider.as_ref().map_or("", Provider::as_str)),
                price_rows::valid_from.eq(decided.valid_from),
                price_rows::prices.eq(decided.prices.as_ref().map(Prices::to_string)),
                price_rows::created_at.eq(now),
                price_rows::decided_by.eq(by.0),
                price_rows::reason.eq(reason.as_str()),
            ))
            .returning(price_rows::id)
            .get_result(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(DecisionId(id))
    }

    async fn decision(&mut self, id: DecisionId) -> Result<Option<Override>, StoreError> {
        let row: Option<RowColumns> = price_rows::table
            .find(id.0)
            .filter(price_rows::origin.eq(OVERRIDE))
            .select((price_rows::model, price_rows::provider, price_rows::valid_from, price_rows::prices))
            .first(self.connection()?)
            .await
            .optional()
            .map_err(store_error)?;
        row.map(overridden).transpose()
    }

    async fn last_decision(
        &mut self,
        model: &ModelName,
        provider: Option<Provider>,
    ) -> Result<Option<DecisionId>, StoreError> {
        let id: Option<i64> = price_rows::table
            .filter(price_rows::origin.eq(OVERRIDE))
            .filter(price_rows::model.eq(model.as_str()))
            .filter(price_rows::provider.eq(provider.as_ref().map_or("", Provider::as_str)))
            .order(price_rows::id.desc())
            .select(price_rows::id)
            .first(self.connection()?)
            .await
            .optional()
            .map_err(store_error)?;
        Ok(id.map(DecisionId))
    }

    async fn next_edition(&mut self) -> Result<Edition, StoreError> {
        let edition = diesel::update(price_book::table)
            .set(price_book::edition.eq(price_book::edition + 1))
            .returning(price_book::edition)
            .get_result(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(Edition(edition))
    }

    async fn insert_update(&mut self, update: &PriceUpdate) -> Result<(), StoreError> {
        diesel::insert_into(price_updates::table)
            .values(UpdateRow::from(update))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl PriceReader for Database {
    async fn edition(&self) -> Result<Edition, StoreError> {
        edition(&mut self.connection().await?.pg).await
    }

    async fn stored(&self) -> Result<StoredPrices, StoreError> {
        let mut connection = self.connection().await?;
        // The edition first: rows that come between are read twice rather than never.
        let edition = edition(&mut connection.pg).await?;
        let rows = live_rows(&mut connection.pg).await?;
        let overrides: Vec<RowColumns> = price_rows::table
            .filter(price_rows::origin.eq(OVERRIDE))
            .order(price_rows::id)
            .select((price_rows::model, price_rows::provider, price_rows::valid_from, price_rows::prices))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let overrides = overrides.into_iter().map(overridden).collect::<Result<_, _>>()?;
        Ok(StoredPrices { edition, rows, overrides })
    }

    async fn decisions(&self) -> Result<Vec<Decision>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(i64, RowColumns, Option<Uuid>, OffsetDateTime, Option<String>)> = price_rows::table
            .filter(price_rows::origin.eq(OVERRIDE))
            .order(price_rows::id)
            .select((
                price_rows::id,
                (price_rows::model, price_rows::provider, price_rows::valid_from, price_rows::prices),
                price_rows::decided_by,
                price_rows::created_at,
                price_rows::reason,
            ))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let decision = |(id, row, by, at, reason): (i64, _, Option<Uuid>, _, Option<String>)| {
            let reason = Reason::trusted(reason.unwrap_or_default());
            Ok(Decision { id: DecisionId(id), decided: overridden(row)?, by: by.map(UserId), at, reason })
        };
        rows.into_iter().map(decision).collect()
    }

    async fn updates(&self, limit: u32) -> Result<Vec<PriceUpdate>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<UpdateRow> = price_updates::table
            .order((price_updates::at.desc(), price_updates::id.desc()))
            .limit(limit.into())
            .select(UpdateRow::as_select())
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        rows.into_iter().map(PriceUpdate::try_from).collect()
    }

    async fn unpriced_models(&self, limit: u32) -> Result<Vec<UnpricedModel>, StoreError> {
        type Columns = (Text, Text, BigInt, BigInt, BigInt, Timestamptz, Timestamptz);
        type Row = (String, String, i64, i64, i64, OffsetDateTime, OffsetDateTime);
        let mut connection = self.connection().await?;
        let rows: Vec<Row> = statement::<Columns>(include_str!("unpriced_models.sql"))
            .bind::<BigInt, _>(i64::from(limit))
            .load(&mut connection.pg)
            .await
            .map_err(store_error)?;
        let unpriced = |(name, provider, tokens, messages, people, first_seen, last_seen): Row| UnpricedModel {
            model: Model { name: ModelName::trusted(name), provider: provider_of(provider) },
            tokens,
            messages,
            people,
            first_seen,
            last_seen,
            is_known_by_now: false,
        };
        Ok(rows.into_iter().map(unpriced).collect())
    }
}

async fn edition(connection: &mut AsyncPgConnection) -> Result<Edition, StoreError> {
    let edition = price_book::table.select(price_book::edition).first(connection).await.map_err(store_error)?;
    Ok(Edition(edition))
}

async fn live_rows(connection: &mut AsyncPgConnection) -> Result<Vec<PriceRow>, StoreError> {
    let rows: Vec<RowColumns> = price_rows::table
        .filter(price_rows::origin.eq(LIVE))
        .order((price_rows::valid_from, price_rows::id))
        .select((price_rows::model, price_rows::provider, price_rows::valid_from, price_rows::prices))
        .load(connection)
        .await
        .map_err(store_error)?;
    let row = |(model, provider, valid_from, prices): RowColumns| {
        Ok(PriceRow {
            prices: read_prices(&model, prices.as_deref().unwrap_or_default())?,
            model: ModelName::trusted(model),
            provider: Provider::trusted(provider),
            valid_from,
        })
    };
    rows.into_iter().map(row).collect()
}

fn overridden((model, provider, valid_from, prices): RowColumns) -> Result<Override, StoreError> {
    Ok(Override {
        prices: prices.map(|prices| read_prices(&model, &prices)).transpose()?,
        model: ModelName::trusted(model),
        provider: provider_of(provider),
        valid_from,
    })
}

fn read_prices(model: &str, prices: &str) -> Result<Prices, StoreError> {
    line::prices(prices).map_err(|problem| StoreError::Internal(format!("the stored price of {model}: {problem}")))
}

fn provider_of(stored: String) -> Option<Provider> {
    (!stored.is_empty()).then(|| Provider::trusted(stored))
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = price_updates)]
struct UpdateRow {
    id: Uuid,
    at: OffsetDateTime,
    source: String,
    etag: Option<String>,
    outcome: String,
    reason: Option<String>,
    listed: i64,
    added: i64,
    changed: i64,
    refused: i64,
    refusals: Vec<String>,
}

impl From<&PriceUpdate> for UpdateRow {
    fn from(update: &PriceUpdate) -> Self {
        Self {
            id: update.id,
            at: update.at,
            source: update.source.clone(),
            etag: update.etag.clone(),
            outcome: update.outcome.name().to_owned(),
            reason: update.outcome.reason().map(str::to_owned),
            listed: stored_count(update.listed),
            added: stored_count(update.added),
            changed: stored_count(update.changed),
            refused: stored_count(update.refused),
            refusals: update.refusals.clone(),
        }
    }
}

impl TryFrom<UpdateRow> for PriceUpdate {
    type Error = StoreError;

    fn try_from(row: UpdateRow) -> Result<Self, StoreError> {
        let outcome = PriceUpdateOutcome::named(&row.outcome, row.reason.unwrap_or_default())
            .ok_or_else(|| StoreError::Internal(format!("an update of prices has the outcome {}", row.outcome)))?;
        Ok(Self {
            id: row.id,
            at: row.at,
            source: row.source,
            etag: row.etag,
            outcome,
            listed: count(row.listed),
            added: count(row.added),
            changed: count(row.changed),
            refused: count(row.refused),
            refusals: row.refusals,
        })
    }
}

fn count(stored: i64) -> usize {
    usize::try_from(stored).unwrap_or_default()
}

fn stored_count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
