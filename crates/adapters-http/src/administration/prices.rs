//! `/admin/models/unpriced` and `/admin/prices/overrides`: models without a price, and price overrides.

use std::collections::BTreeSet;

use actix_web::web::Data;
use domain::administration::AuditReason;
use domain::clock::Clock;
use domain::pricing::{
    ListedPriceDecision, Price, PriceDecisionId, PriceOverride, PriceOverrides, PriceTier, Prices, Rates,
    UnpricedModel, UnpricedModels,
};
use domain::text::TextProblem;
use domain::usage::{ModelName, Provider};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

use super::Admin;
use crate::answer::{Created, Json, NoContent};
use crate::body::Body;
use crate::error::ApiResult;
use crate::input::{PathArgs, Query};
use crate::json::Instant;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::checks::{self, Checked};
use crate::validation::{
    Fault, Fields, Format, Int, LARGEST, Nested, Nullable, Objects, Or, Rule, Scalar, body, query,
};

pub(super) fn routes() -> Routes {
    crate::routes![
        unpriced: Session;
        overrides: Session;
        set: Session;
        end: Session;
    ]
}

/// USD per million tokens, from 0 to 1000, with up to 9 decimals. A string, so that no reader takes it for binary.
const AMOUNT: &str = r"^(1000(\.0{1,9})?|[0-9]{1,3}(\.[0-9]{1,9})?)$";

query! {
    /// `?limit=100`.
    struct UnpricedQuery {
        /// The number of models at most.
        limit: Or<100, Int<u32, 1, 1000>>,
    }
}

/// The usage of a model without a price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnpricedModel)]
struct UnpricedBody {
    model: String,
    /// The provider that served it, where clients report it.
    provider: Option<String>,
    tokens: i64,
    messages: i64,
    /// The number of accounts.
    people: i64,
    first_seen: Instant,
    last_seen: Instant,
    /// Whether the price book knows the model by now, so that the next re-pricing finds a price for some of the messages.
    is_known_by_now: bool,
}

impl From<UnpricedModel> for UnpricedBody {
    fn from(unpriced: UnpricedModel) -> Self {
        Self {
            model: unpriced.model.name.to_string(),
            provider: unpriced.model.provider.map(|provider| provider.to_string()),
            tokens: unpriced.tokens,
            messages: unpriced.messages,
            people: unpriced.people,
            first_seen: unpriced.first_seen.into(),
            last_seen: unpriced.last_seen.into(),
            is_known_by_now: unpriced.is_known_by_now,
        }
    }
}

/// Models without a price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnpricedModels)]
struct UnpricedModelsBody {
    /// The ones with the most tokens first.
    models: Vec<UnpricedBody>,
}

/// The price of each kind of token, in USD per million tokens, as decimals in strings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceRates)]
struct RatesBody {
    /// Uncached input.
    input: String,
    output: String,
    /// Null: what the rules for missing prices give.
    cache_read: Option<String>,
    /// As `cache_read`.
    cache_write: Option<String>,
    /// As `cache_read`.
    cache_write_1h: Option<String>,
    /// Null: the price of output.
    reasoning: Option<String>,
}

/// The prices of all tokens of a request with a long context.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceTier)]
struct TierBody {
    /// For requests with a context of more than this many thousand tokens.
    above_thousands: u64,
    #[serde(flatten)]
    rates: RatesBody,
}

/// The prices of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prices)]
struct PricesBody {
    #[serde(flatten)]
    base: RatesBody,
    /// Prices for long contexts; the highest threshold that is exceeded counts for all tokens of the request.
    tiers: Vec<TierBody>,
}

body! {
    /// The prices of a model, to be set.
    struct NewPricesBody as "NewPrices" {
        /// Uncached input.
        input: Price,
        output: Price,
        /// Absent or null: what the rules for missing prices give.
        cache_read: Nullable<Price>,
        /// As `cache_read`.
        cache_write: Nullable<Price>,
        /// As `cache_read`.
        cache_write_1h: Nullable<Price>,
        /// Absent or null: the price of output.
        reasoning: Nullable<Price>,
        /// Prices for long contexts. Each threshold is there once; the highest one that is exceeded counts for all tokens of the
        /// request.
        tiers: Objects<NewTierBody, 0, 20>,
    }
    where thresholds_differ
}

body! {
    /// The prices of a request with a long context, to be set. A kind without a price here has the price that it has without the tier.
    struct NewTierBody as "NewPriceTier" {
        /// For requests with a context of more than this many thousand tokens.
        above_thousands: Int<u64, 1, 1_000_000>,
        input: Nullable<Price>,
        output: Nullable<Price>,
        cache_read: Nullable<Price>,
        cache_write: Nullable<Price>,
        cache_write_1h: Nullable<Price>,
        reasoning: Nullable<Price>,
    }
}

impl From<&Rates> for RatesBody {
    fn from(rates: &Rates) -> Self {
        let shown = |price: Option<Price>| price.map(|price| price.to_string());
        Self {
            input: rates.input.to_string(),
            output: rates.output.to_string(),
            cache_read: shown(rates.cache_read),
            cache_write: shown(rates.cache_write),
            cache_write_1h: shown(rates.cache_write_1h),
            reasoning: shown(rates.reasoning),
        }
    }
}

impl From<&Prices> for PricesBody {
    fn from(prices: &Prices) -> Self {
        let tier = |tier: &PriceTier| TierBody { above_thousands: tier.above / 1_000, rates: (&tier.rates).into() };
        Self { base: prices.base().into(), tiers: prices.tiers().iter().map(tier).collect() }
    }
}

body! {
    /// A price override, to be set.
    struct NewOverrideBody as "NewPriceOverride" {
        /// The model, as tools name it; case does not matter.
        model: ModelName,
        /// The provider that the price is for; absent or null: every provider.
        provider: Nullable<Provider>,
        /// The instant from which the price counts; absent or null: now.
        valid_from: Nullable<OffsetDateTime>,
        prices: Nested<NewPricesBody>,
        /// The reason; not blank.
        reason: AuditReason,
    }
}

fn thresholds_differ(prices: &NewPricesBody, fields: &mut Fields<'_>) -> Option<()> {
    let thresholds: BTreeSet<u64> = prices.tiers.iter().map(|tier| tier.above_thousands).collect();
    if thresholds.len() == prices.tiers.len() {
        return Some(());
    }
    fields.refuse("tiers", Fault::new(Rule::ValueError, "Each threshold should occur once"))
}

impl From<NewPricesBody> for Prices {
    fn from(body: NewPricesBody) -> Self {
        let NewPricesBody { input, output, cache_read, cache_write, cache_write_1h, reasoning, tiers } = body;
        let base = Rates { input, output, cache_read, cache_write, cache_write_1h, reasoning };
        Self::new(base, tiers.into_iter().map(|tier| tier.over(&base)).collect())
    }
}

impl NewTierBody {
    /// The tier, with the prices of `base` for those that it does not have.
    fn over(self, base: &Rates) -> PriceTier {
        let rates = Rates {
            input: self.input.unwrap_or(base.input),
            output: self.output.unwrap_or(base.output),
            cache_read: self.cache_read.or(base.cache_read),
            cache_write: self.cache_write.or(base.cache_write),
            cache_write_1h: self.cache_write_1h.or(base.cache_write_1h),
            reasoning: self.reasoning.or(base.reasoning),
        };
        PriceTier { above: self.above_thousands * 1_000, rates }
    }
}

impl Format for Price {
    type Value = Self;

    /// Reads a price that is written as [`AMOUNT`] states.
    fn read(value: Scalar<'_>) -> Checked<Self> {
        let text = checks::string(value, 0..=usize::MAX)?;
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain =
            digits(whole) && digits(decimals) && decimals.len() <= 9 && (whole.len() <= 3 || whole == "1000");
        let price = Self::per_million(&text).filter(|price| is_plain && *price <= Self::MOST);
        price.ok_or_else(|| TextProblem::Pattern(AMOUNT).into())
    }

    fn schema() -> ObjectBuilder {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(AMOUNT))
    }
}

/// A price override, or the end of one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceOverride)]
struct OverrideBody {
    id: i64,
    model: String,
    /// The provider that the price is for; null: every provider.
    provider: Option<String>,
    /// The instant from which the price counts.
    valid_from: Instant,
    /// Null where this ends an override.
    prices: Option<PricesBody>,
    reason: String,
    /// The administrator's account; null once it is purged.
    decided_by: Option<Uuid>,
    decided_at: Instant,
    /// Whether it is the latest decision on its model and provider. Only such a decision can be ended.
    stands: bool,
}

impl From<ListedPriceDecision> for OverrideBody {
    fn from(ListedPriceDecision { decision, stands }: ListedPriceDecision) -> Self {
        let PriceOverride { model, provider, valid_from, prices } = decision.decided;
        Self {
            id: decision.id.0,
            model: model.to_string(),
            provider: provider.map(|provider| provider.to_string()),
            valid_from: valid_from.into(),
            prices: prices.as_ref().map(PricesBody::from),
            reason: decision.reason.as_str().to_owned(),
            decided_by: decision.by.map(|by| by.0),
            decided_at: decision.at.into(),
            stands,
        }
    }
}

/// All price overrides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceOverrides)]
struct OverridesBody {
    /// All decisions, the latest first.
    overrides: Vec<OverrideBody>,
    total: u64,
}

body! {
    /// Why a price override is ended.
    struct EndBody as "EndPriceOverride" {
        /// The reason; not blank.
        reason: AuditReason,
    }
}

/// List models without a price
///
/// Over all accounts, the ones with the most tokens first. A price override gives them a price.
#[utoipa::path(
    get, path = "/models/unpriced", tag = "Admin", params(UnpricedQuery),
    responses((status = 200, description = "The models", body = UnpricedModelsBody, example = json!({
        "models": [{"model": "house-model", "provider": null, "tokens": 112_250, "messages": 5, "people": 1,
                    "first_seen": "2026-11-20T08:00:00Z", "last_seen": "2026-11-22T12:34:56.789Z",
                    "is_known_by_now": false}],
    })))
)]
async fn unpriced(
    admin: Admin,
    query: Query<UnpricedQuery>,
    models: Data<UnpricedModels>,
) -> ApiResult<Json<UnpricedModelsBody>> {
    let models = models.list(&admin.0, query.read()?.limit).await?;
    Ok(Json(UnpricedModelsBody { models: models.into_iter().map(UnpricedBody::from).collect() }))
}

/// List price overrides
///
/// All decisions, the latest first. An override takes precedence over the price tables.
#[utoipa::path(
    get, path = "/prices/overrides", tag = "Admin",
    responses((status = 200, description = "The decisions", body = OverridesBody, example = json!({
        "overrides": [example()], "total": 1,
    })))
)]
async fn overrides(admin: Admin, prices: Data<PriceOverrides>) -> ApiResult<Json<OverridesBody>> {
    let overrides: Vec<OverrideBody> = prices.list(&admin.0).await?.into_iter().map(OverrideBody::from).collect();
    Ok(Json(OverridesBody { total: overrides.len() as u64, overrides }))
}

/// Set a price override
///
/// In USD per million tokens, as decimals in strings, from 0 to 1000. The override counts for messages from `valid_from` on and
/// replaces earlier decisions for that time. Messages without a price get one soon; priced messages keep theirs. Every server
/// applies it within 30 seconds.
#[utoipa::path(
    post, path = "/prices/overrides", tag = "Admin",
    request_body(content = NewOverrideBody, example = json!({
        "model": "house-model", "provider": null, "valid_from": "2026-11-01T00:00:00Z",
        "prices": {"input": "3", "output": "15", "cache_read": "0.3", "tiers": [
            {"above_thousands": 200, "input": "6", "output": "22.5"},
        ]},
        "reason": "By contract.",
    })),
    responses((status = 201, description = "The override", body = OverrideBody, example = json!(example())))
)]
async fn set(
    admin: Admin,
    body: Body<NewOverrideBody>,
    overrides: Data<PriceOverrides>,
    clock: Data<dyn Clock>,
) -> ApiResult<Created<OverrideBody>> {
    let NewOverrideBody { model, provider, valid_from, prices, reason } = body.read().await?;
    let valid_from = valid_from.unwrap_or_else(|| clock.now());
    let decided = PriceOverride { model, provider, valid_from, prices: Some(prices.into()) };
    let decision = overrides.set(&admin.0, decided, reason).await?;
    Ok(Created(ListedPriceDecision { decision, stands: true }.into()))
}

/// End a price override
///
/// From now on the price tables count again for its model and provider; decisions for a later time end too. The end is a decision
/// of its own. 404 unless the override is the latest decision.
#[utoipa::path(
    delete, path = "/prices/overrides/{id}", tag = "Admin",
    params(("id" = i64, Path, description = "The id of the decision", minimum = 1, maximum = 9_007_199_254_740_991_i64)),
    request_body(content = EndBody, example = json!({"reason": "The contract is over."})),
    responses((status = 204, description = "The override is ended"), failures::NotFound)
)]
async fn end(
    admin: Admin,
    path: PathArgs,
    body: Body<EndBody>,
    overrides: Data<PriceOverrides>,
) -> ApiResult<NoContent> {
    let reason = body.read().await?.reason;
    let id = PriceDecisionId(path.read::<Int<i64, 1, LARGEST>>("id")?);
    overrides.remove(&admin.0, id, reason).await?;
    Ok(NoContent)
}

fn example() -> Value {
    json!({
        "id": 7, "model": "house-model", "provider": null, "valid_from": "2026-11-01T00:00:00Z",
        "prices": {"input": "3", "output": "15", "cache_read": "0.3", "cache_write": null, "cache_write_1h": null,
                   "reasoning": null, "tiers": [
            {"above_thousands": 200, "input": "6", "output": "22.5", "cache_read": "0.3", "cache_write": null,
             "cache_write_1h": null, "reasoning": null},
        ]},
        "reason": "By contract.", "decided_by": "019a9f2e-7d4d-7c3a-9a55-1c2d3e4f5a6b",
        "decided_at": "2026-11-22T12:34:56.789Z", "stands": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn price_accepts_exact_decimals_from_0_to_1000() {
        for (text, femto) in [
            ("0", Some(0)),
            ("3", Some(3_000_000_000)),
            ("0.075", Some(75_000_000)),
            ("0.000000001", Some(1)),
            ("999.999999999", Some(999_999_999_999)),
            ("1000", Some(1_000_000_000_000)),
            ("1000.0", Some(1_000_000_000_000)),
            ("1000.000000001", None),
            ("1001", None),
            ("0001", None),
            ("0.0000000001", None),
            (".5", None),
            ("5.", None),
            ("-1", None),
            ("+1", None),
            ("1e2", None),
            ("1,5", None),
            (" 1", None),
            ("", None),
        ] {
            assert_eq!(Price::read(Scalar::Text(text.into())).ok().map(Price::femto), femto, "{text:?}");
        }
        for other in [Scalar::Unsigned(3), Scalar::Float(0.3), Scalar::Null] {
            assert_eq!(Price::read(other.clone()).expect_err("no text").rule, Rule::StringType, "{other:?}");
        }
    }
}
