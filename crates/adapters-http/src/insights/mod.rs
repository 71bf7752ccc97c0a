//! `/insights`: how the caller does beside everybody else.

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

/// The caller beside the community
///
/// The caller's figures are as of now, the community's as of `updated_at`; the worker computes them every hour, over everybody with
/// usage in the period, private people included. A percentile is the share of people, from 0 to 100, who have less, and half
/// of those who have as much. With fewer than 20 people percentiles are null, and an insight of the type `community`
/// says so; the averages are there. There is nothing before the first benchmarks were computed.
#[utoipa::path(
    get, path = "", tag = "Insights", params(PeriodQuery),
    responses(
        (status = 200, description = "Both, and what stands out", body = InsightsBody, example = json!(bodies::example())),
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
