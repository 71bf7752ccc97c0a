//! `GET /users/me/export`: everything the account owns, as a file.

mod lines;
mod places;
mod stream;

use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::clock::Clock;
use domain::network::ClientNetwork;
use domain::portability::Exports;
use futures_util::stream::empty;

use crate::body::BodyTimeout;
use crate::caller::Caller;
use crate::client_ip::client_ip;
use crate::error::{ApiError, ApiResult};
use crate::instants;
use crate::openapi::failures;
use crate::routes::Routes;
use places::Places;
use stream::{Failed, ReadSpeed, stream};

pub(super) fn routes() -> Routes {
    crate::routes![export: Session;]
}

/// Exports, as many at a time as this process has room for. Cheap to clone; clones share the room.
#[derive(Clone)]
pub struct Downloads {
    exports: Exports,
    places: Places,
}

impl Downloads {
    /// How slowly a client may read. While others wait for a place it must be faster, so that nobody keeps them by reading
    /// just fast enough.
    const SPEED: ReadSpeed = ReadSpeed {
        calm: BodyTimeout { grace: Duration::from_secs(30), slowest: 64 << 10 },
        contended: BodyTimeout { grace: Duration::from_secs(30), slowest: 512 << 10 },
        longest: Duration::from_mins(30),
    };

    /// Serves `exports`.
    pub fn new(exports: Exports) -> Self {
        Self { exports, places: Places::default() }
    }
}

/// Export everything the caller's account owns
///
/// A file of JSON objects, one a line, each with a `type`: first a `manifest`, then the `account`, what it signs in with, its
/// settings, machines, messages, people, achievements, activities and notifications, and at last `end` with the number of
/// lines of each type, without which the file was cut off. It shows one moment, however long it is read. Secrets, and what
/// they hash to, are not in it. `worker import` of another instance takes it in. Only a session may ask, one export at a time;
/// a client that reads too slowly, or for more than half an hour, is cut off.
#[utoipa::path(
    get, path = "/me/export", tag = "Users",
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
    let network = client_ip(&request).map(ClientNetwork::new);
    let place = downloads.places.take(network).await.ok_or_else(ApiError::unavailable)?;
    let export = downloads.exports.begin(caller.id).await?;
    Ok(answer.streaming(stream(export, place, Downloads::SPEED)))
}
