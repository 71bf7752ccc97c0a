//! `GET /users/me/export`: everything the account owns, as a file.

mod lines;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::clock::Clock;
use domain::portability::Exports;
use futures_util::stream::empty;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::body::Patience;
use crate::caller::Caller;
use crate::error::{ApiError, ApiResult};
use crate::instants;
use crate::openapi::failures;
use crate::routes::Routes;
use stream::{Failed, stream};

pub(super) fn routes() -> Routes {
    crate::routes![export]
}

/// Exports, as many at a time as this process has room for. Cheap to clone; clones share the room.
#[derive(Clone)]
pub struct Downloads {
    exports: Exports,
    room: Arc<Semaphore>,
}

impl Downloads {
    /// How many there may be at a time: each holds a connection to the database, and its moment, as long as it lasts.
    pub const MOST_AT_ONCE: usize = 2;

    /// How long a request waits for room before it is told to come back.
    const WAIT: Duration = Duration::from_secs(2);

    /// How slowly a client may read: an export of a million messages is done within two hours.
    const PATIENCE: Patience = Patience { grace: Duration::from_secs(30), slowest: 64 << 10 };

    /// Serves `exports`.
    pub fn new(exports: Exports) -> Self {
        Self { exports, room: Arc::new(Semaphore::new(Self::MOST_AT_ONCE)) }
    }

    /// Waits a moment for room: most exports are small.
    async fn place(&self) -> ApiResult<OwnedSemaphorePermit> {
        let place = timeout(Self::WAIT, self.room.clone().acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(ApiError::unavailable)
    }
}

/// Export everything the caller's account owns
///
/// A file of JSON objects, one a line, each with a `type`: first a `manifest`, then the `account`, what it signs in with, its
/// settings, machines, messages, people, achievements, activities and notifications, and at last `end` with the number of
/// lines of each type, without which the file was cut off. It shows one moment, however long it is read. Secrets, and what
/// they hash to, are not in it. `worker import` of another instance takes it in. Only a session may ask, one export at a time;
/// a client that reads too slowly is cut off.
#[utoipa::path(
    get, path = "/me/export", tag = "Users", security(("bearer" = [])),
    responses(
        (status = 200, description = "The file", content_type = "application/x-ndjson", body = String,
         headers(("Content-Disposition" = String, description = "The name to save it under")),
         example = "{\"type\":\"manifest\",\"format\":\"burntop-export\",\"version\":1,\
                    \"exported_at\":\"2026-11-22T12:34:56.789Z\",\"username\":\"ada\",\"release\":\"0.1.0\"}\n\
                    {\"type\":\"machine\",\"name\":\"laptop\",\"last_synced_at\":\"2026-11-22T12:30:00Z\"}\n\
                    {\"type\":\"end\",\"counts\":{\"machine\":1,\"manifest\":1}}\n"),
        failures::NotFound, failures::Conflict,
    )
)]
async fn export(
    caller: Caller,
    request: HttpRequest,
    downloads: Data<Downloads>,
    clock: Data<dyn Clock>,
) -> ApiResult<HttpResponse> {
    let name = format!("burntop-export-{}.ndjson", instants::format_date(clock.now().to_utc().date()));
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("application/x-ndjson")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"));
    if request.method() == Method::HEAD {
        return Ok(answer.streaming(empty::<Result<Bytes, Failed>>()));
    }
    let place = downloads.place().await?;
    let export = downloads.exports.begin(caller.id).await?;
    Ok(answer.streaming(stream(export, place, Downloads::PATIENCE)))
}
