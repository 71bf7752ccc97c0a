//! Stored prices: rows of fetched tables, decisions of administrators, and models without a price.

use domain::administration::AuditReason;
use domain::pricing::ports::{ModelNames, PriceReader, PriceRepository, StoredPrices, TableOrigin};
use domain::pricing::{
    Edition, PriceDecision, PriceDecisionId, PriceOverride, PriceRow, PriceUpdate, PriceUpdateOutcome, Prices,
    UnpricedModel, line,
};
use domain::store::UnitOfWork;
use domain::usage::{Model, ModelName, Provider};

use crate::database::Database;
use crate::dictionary::{known_provider, stored_model, stored_provider};
use crate::prelude::*;
use crate::schema::{models, price_book, price_rows, price_updates};
use crate::unit_of_work::PgUnitOfWork;

const LIVE: &str = "live";
const OVERRIDE: &str = "override";

#[derive(Queryable, Selectable)]
#[diesel(table_name = price_rows)]
struct StoredRow {
    model: String,
    provider: String,
    valid_from: OffsetDateTime,
    prices: Option<String>,
}

#[async_trait]
impl ModelNames for Database {
    async fn named(&self) -> Result<Vec<(Model, Option<ModelName>)>, StoreError> {
        let rows: Vec<(String, String, Option<String>)> = models::table
            .select((models::name, models::provider, models::canonical))
            .rows(&self.connection().await?.pg)
            .await?;
        let model = |(name, provider, canonical): (String, String, Option<String>)| {
            (stored_model(name, provider), canonical.map(ModelName::trusted))
        };
        Ok(rows.into_iter().map(model).collect())
    }

    async fn name(&self, names: &[(Model, ModelName)]) -> Result<(), StoreError> {
        let of_models = |text| {
            statement(text)
                .bind_array::<Text>(names.iter().map(|(model, _)| model.name.as_str()))
                .bind_array::<Text>(names.iter().map(|(model, _)| stored_provider(model)))
        };
        let tx = self.begin_unit_of_work().await?;
        of_models(include_str!("set_canonical.sql"))
            .bind_array::<Text>(names.iter().map(|(_, canonical)| canonical.as_str()))
            .exec(tx.connection()?)
            .await?;
        of_models(include_str!("recount_models_in_a_day.sql")).exec(tx.connection()?).await?;
        Box::new(tx).commit().await
    }
}

#[async_trait]
impl PriceRepository for PgUnitOfWork {
    async fn lock(&mut self) -> Result<TableOrigin, StoreError> {
        let (source, etag, listed): (Option<String>, Option<String>, Option<i64>) = price_book::table
            .select((price_book::source, price_book::etag, price_book::listed))
            .for_no_key_update()
            .row(self.connection()?)
            .await?;
        Ok(TableOrigin { source, etag, listed: listed.map(count) })
    }

    async fn live_rows(&mut self) -> Result<Vec<PriceRow>, StoreError> {
        live_rows(self.connection()?).await
    }

    async fn insert_live(&mut self, rows: &[PriceRow], now: OffsetDateTime) -> Result<(), StoreError> {
        statement(include_str!("insert_live_prices.sql"))
            .bind_array::<Text>(rows.iter().map(|row| row.model.as_str()))
            .bind_array::<Text>(rows.iter().map(|row| row.provider.as_str()))
            .bind_array::<Timestamptz>(rows.iter().map(|row| row.valid_from))
            .bind_array::<Text>(rows.iter().map(|row| row.prices.to_string()))
            .bind::<Timestamptz>(now)
            .exec(self.connection()?)
            .await
    }

    async fn set_origin(&mut self, origin: &TableOrigin) -> Result<(), StoreError> {
        let listed = origin.listed.map(to_bigint);
        diesel::update(price_book::table)
            .set((
                price_book::source.eq(&origin.source),
                price_book::etag.eq(&origin.etag),
                price_book::listed.eq(listed),
            ))
            .exec(self.connection()?)
            .await
    }

    async fn insert_decision(
        &mut self,
        decided: &PriceOverride,
        by: UserId,
        now: OffsetDateTime,
        reason: &AuditReason,
    ) -> Result<PriceDecisionId, StoreError> {
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
            .row(self.connection()?)
            .await?;
        Ok(PriceDecisionId(id))
    }

    async fn decision(&mut self, id: PriceDecisionId) -> Result<Option<PriceOverride>, StoreError> {
        let row: Option<StoredRow> = price_rows::table
            .find(id.0)
            .filter(price_rows::origin.eq(OVERRIDE))
            .select(StoredRow::as_select())
            .optional(self.connection()?)
            .await?;
        row.map(PriceOverride::try_from).transpose()
    }

    async fn last_decision(
        &mut self,
        model: &ModelName,
        provider: Option<Provider>,
    ) -> Result<Option<PriceDecisionId>, StoreError> {
        let id: Option<i64> = price_rows::table
            .filter(price_rows::origin.eq(OVERRIDE))
            .filter(price_rows::model.eq(model.as_str()))
            .filter(price_rows::provider.eq(provider.as_ref().map_or("", Provider::as_str)))
            .order(price_rows::id.desc())
            .select(price_rows::id)
            .limit(1)
            .optional(self.connection()?)
            .await?;
        Ok(id.map(PriceDecisionId))
    }

    async fn next_edition(&mut self) -> Result<Edition, StoreError> {
        let edition = diesel::update(price_book::table)
            .set(price_book::edition.eq(price_book::edition + 1))
            .returning(price_book::edition)
            .row(self.connection()?)
            .await?;
        Ok(Edition(edition))
    }

    async fn insert_update(&mut self, update: &PriceUpdate) -> Result<(), StoreError> {
        diesel::insert_into(price_updates::table).values(UpdateRow::from(update)).exec(self.connection()?).await
    }
}

#[async_trait]
impl PriceReader for Database {
    async fn edition(&self) -> Result<Edition, StoreError> {
        edition(&self.connection().await?.pg).await
    }

    async fn stored(&self) -> Result<StoredPrices, StoreError> {
        let connection = self.connection().await?;
        // The edition first: rows that a concurrent update adds are then read again with the next edition.
        let edition = edition(&connection.pg).await?;
        let rows = live_rows(&connection.pg).await?;
        let overrides: Vec<StoredRow> = price_rows::table
            .filter(price_rows::origin.eq(OVERRIDE))
            .order(price_rows::id)
            .select(StoredRow::as_select())
            .rows(&connection.pg)
            .await?;
        let overrides = overrides.into_iter().map(PriceOverride::try_from).collect::<Result<_, _>>()?;
        Ok(StoredPrices { edition, rows, overrides })
    }

    async fn decisions(&self) -> Result<Vec<PriceDecision>, StoreError> {
        let rows: Vec<(i64, StoredRow, Option<Uuid>, OffsetDateTime, Option<String>)> = price_rows::table
            .filter(price_rows::origin.eq(OVERRIDE))
            .order(price_rows::id)
            .select((
                price_rows::id,
                StoredRow::as_select(),
                price_rows::decided_by,
                price_rows::created_at,
                price_rows::reason,
            ))
            .rows(&self.connection().await?.pg)
            .await?;
        let decision = |(id, row, by, at, reason): (i64, StoredRow, Option<Uuid>, _, Option<String>)| {
            let reason = AuditReason::trusted(reason.unwrap_or_default());
            Ok(PriceDecision { id: PriceDecisionId(id), decided: row.try_into()?, by: by.map(UserId), at, reason })
        };
        rows.into_iter().map(decision).collect()
    }

    async fn updates(&self, limit: u32) -> Result<Vec<PriceUpdate>, StoreError> {
        let rows: Vec<UpdateRow> = price_updates::table
            .order((price_updates::at.desc(), price_updates::id.desc()))
            .limit(limit.into())
            .select(UpdateRow::as_select())
            .rows(&self.connection().await?.pg)
            .await?;
        rows.into_iter().map(PriceUpdate::try_from).collect()
    }

    async fn unpriced_models(&self, limit: u32) -> Result<Vec<UnpricedModel>, StoreError> {
        let query = statement(include_str!("unpriced_models.sql")).bind::<BigInt>(i64::from(limit));
        let rows: Vec<UnpricedRow> = query.rows(&self.connection().await?.pg).await?;
        Ok(rows.into_iter().map(UnpricedModel::from).collect())
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = models)]
struct UnpricedRow {
    name: String,
    provider: String,
    #[diesel(sql_type = BigInt)]
    tokens: i64,
    #[diesel(sql_type = BigInt)]
    messages: i64,
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = Timestamptz)]
    first_seen: OffsetDateTime,
    #[diesel(sql_type = Timestamptz)]
    last_seen: OffsetDateTime,
}

impl From<UnpricedRow> for UnpricedModel {
    fn from(row: UnpricedRow) -> Self {
        Self {
            model: stored_model(row.name, row.provider),
            tokens: row.tokens,
            messages: row.messages,
            people: row.people,
            first_seen: row.first_seen,
            last_seen: row.last_seen,
            is_known_by_now: false,
        }
    }
}

async fn edition(connection: &AsyncPgConnection) -> Result<Edition, StoreError> {
    let edition = price_book::table.select(price_book::edition).row(connection).await?;
    Ok(Edition(edition))
}

async fn live_rows(connection: &AsyncPgConnection) -> Result<Vec<PriceRow>, StoreError> {
    let rows: Vec<StoredRow> = price_rows::table
        .filter(price_rows::origin.eq(LIVE))
        .order((price_rows::valid_from, price_rows::id))
        .select(StoredRow::as_select())
        .rows(connection)
        .await?;
    rows.into_iter().map(PriceRow::try_from).collect()
}

impl TryFrom<StoredRow> for PriceRow {
    type Error = StoreError;

    fn try_from(row: StoredRow) -> Result<Self, StoreError> {
        Ok(Self {
            prices: read_prices(&row.model, row.prices.as_deref().unwrap_or_default())?,
            model: ModelName::trusted(row.model),
            provider: Provider::trusted(row.provider),
            valid_from: row.valid_from,
        })
    }
}

impl TryFrom<StoredRow> for PriceOverride {
    type Error = StoreError;

    fn try_from(row: StoredRow) -> Result<Self, StoreError> {
        Ok(Self {
            prices: row.prices.map(|prices| read_prices(&row.model, &prices)).transpose()?,
            model: ModelName::trusted(row.model),
            provider: known_provider(row.provider),
            valid_from: row.valid_from,
        })
    }
}

fn read_prices(model: &str, prices: &str) -> Result<Prices, StoreError> {
    line::prices(prices).map_err(|problem| StoreError::Internal(format!("the stored price of {model}: {problem}")))
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
            listed: to_bigint(update.listed),
            added: to_bigint(update.added),
            changed: to_bigint(update.changed),
            refused: to_bigint(update.refused),
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
