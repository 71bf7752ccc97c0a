//! `/insights`: the caller's usage compared with the community's.

mod bodies;

use actix_web::web::Data;
use domain::insights::Insights;

use crate::answer::Json;
use crate::caller::Caller;
use crate::dashboard::PeriodQuery;
use crate::error::ApiResult;
use crate::input::Query;
use crate::openapi::failures;
use crate::routes::Routes;
use bodies::InsightsBody;

/// The routes of insights.
pub fn routes() -> Routes {
    crate::routes![insights: Token(Read);].under("/insights")
}

/// Compare the caller with the community
///
/// The caller's figures are current, the community's as of `updated_at`: the worker computes them every hour over all accounts with
/// usage in the period, private ones included. A percentile is the share of accounts, from 0 to 100, with less, plus half of those
/// with as much. With fewer than 20 accounts percentiles are null, and an insight of the type `community` states that; averages are
/// given. 404 before the first benchmarks.
#[utoipa::path(
    get, path = "", tag = "Insights", params(PeriodQuery),
    responses(
        (status = 200, description = "The comparison, with insights", body = InsightsBody, example = json!(bodies::example())),
        failures::NotFound,
    )
)]
async fn insights(
    caller: Caller,
    query: Query<PeriodQuery>,
    insights: Data<Insights>,
) -> ApiResult<Json<InsightsBody>> {
    let period = query.read()?.period;
    Ok(Json(insights.compare(caller.id, period).await?.into()))
}
