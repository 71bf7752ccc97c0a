//! `POST /sync`: takes in what somebody's tools logged; and its removal.

mod bodies;
mod forget;

use actix_web::web::Data;
use domain::usage::Usage;

use crate::answer::Json;
use crate::body::SyncBody;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::openapi::failures;
use crate::routes::Routes;
use bodies::{SyncAnswer, SyncRequest};

/// The routes of the ledger.
pub fn routes() -> Routes {
    crate::routes![sync: Sync].and(forget::routes())
}

/// Take in messages
///
/// All plausible messages are stored in one transaction, each counted once however often it is sent; implausible ones are
/// listed and do not block the rest. Every field is also known in `snake_case`.
#[utoipa::path(
    post, path = "/sync", tag = "Sync", security(("bearer" = ["sync"])),
    request_body(content = SyncRequest, example = json!(bodies::request_example())),
    responses(
        (status = 200, description = "They are stored", body = SyncAnswer, example = json!(bodies::answer_example())),
        failures::NotFound,
    )
)]
async fn sync(caller: Caller, body: SyncBody, usage: Data<Usage>) -> ApiResult<Json<SyncAnswer>> {
    let (batch, _part) = body.read().await?.into_parts();
    Ok(Json(usage.sync(caller.id, batch).await?.into()))
}
