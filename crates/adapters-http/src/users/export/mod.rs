//! `GET /users/me/export`: everything the account owns, as a file.

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
use stream::{ExportBroken, ReadSpeed, stream};

pub(super) fn routes() -> Routes {
    crate::routes![export: Session;]
}

/// Exports, with a limit of concurrent ones. Cheap to clone; clones share the limit.
#[derive(Clone)]
pub struct Downloads {
    exports: Exports,
    places: Places,
}

impl Downloads {
    /// The slowest rate at which a client can read. It is higher while other requests wait for a place.
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

/// Export the caller's data
///
/// A file of JSON objects, one a line, each with a `type`: first `manifest`, then `account`, its ways to sign in, settings, machines,
/// messages, follows, achievements, activities and notifications. The last line is `end` with the number of lines of each type; a
/// file without it is incomplete. The file is one snapshot, and contains neither secrets nor their hashes. `worker import` of another
/// instance reads it. Requires a session; an account can run one export at a time. The server ends the download of a client that
/// reads too slowly or for more than half an hour.
#[utoipa::path(
    get, path = "/me/export", tag = "Users",
    responses(
        (status = 200, description = "The file", content_type = "application/x-ndjson", body = String,
         headers(("Content-Disposition" = String, description = "The name of the file")),
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
        return Ok(answer.streaming(empty::<Result<Bytes, ExportBroken>>()));
    }
    let network = client_ip(&request).map(ClientNetwork::new);
    let place = downloads.places.take(network).await.ok_or_else(ApiError::unavailable)?;
    let export = downloads.exports.begin(caller.id).await?;
    Ok(answer.streaming(stream(export, place, Downloads::SPEED)))
}
