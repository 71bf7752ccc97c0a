//! `POST /sync`: the largest request by far, read in one pass straight into the domain's values.

mod bodies;
mod body;
mod ignored;
mod message;
mod object;
mod parse;
mod shape;
mod slot;

use actix_web::web::Data;
use domain::usage::Usage;

use crate::answer::Json;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::metrics;
use crate::openapi::failures;
use crate::request_log;
use crate::routes::Routes;
use bodies::SyncAnswer;
use parse::SyncRequest;

pub use body::SyncBody;
pub use parse::parse;

pub(super) fn routes() -> Routes {
    crate::routes![sync: Token(Sync), Sync;]
}

/// Sync messages
///
/// All plausible messages are stored in one transaction; a message counts once, however often it is sent. Implausible messages are
/// listed as rejected and do not block the rest. Every field is accepted in `snake_case` too.
#[utoipa::path(
    post, path = "/sync", tag = "Sync",
    request_body(content = SyncRequest, example = json!(bodies::request_example())),
    responses(
        (status = 200, description = "The messages are stored", body = SyncAnswer, example = json!(bodies::answer_example())),
        failures::NotFound,
    )
)]
async fn sync(caller: Caller, body: SyncBody, usage: Data<Usage>) -> ApiResult<Json<SyncAnswer>> {
    let (batch, _part) = body.read().await?.into_parts();
    let is_dry_run = batch.dry_run;
    let report = usage.sync(caller.id, batch).await?;
    if !is_dry_run {
        metrics::record_sync(&report);
    }
    request_log::record_sync(&report);
    Ok(Json(report.into()))
}
