//! `/feed`: what happened to the people one follows, page by page and as it happens.

mod bodies;
mod stream;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use domain::identity::Identity;
use domain::ids::ActivityId;
use domain::social::{Feed, ResumePoint};
use uuid::Uuid;

use crate::answer::{self, Json};
use crate::caller::{Caller, bearer};
use crate::error::{ApiError, ApiResult};
use crate::input::Query;
use crate::openapi::failures;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::validation::{Optional, query};
use bodies::{ActivityBody, page_example};
use stream::{KEEPALIVE_INTERVAL, Listener};

/// The routes of the feed.
pub fn routes() -> Routes {
    crate::routes![
        page: Token(Read);
        live: Token(Read);
    ]
    .under("/feed")
}

query! {
    /// `?before=`.
    struct FeedQuery {
        /// Only activities older than the one with this id, usually the last of the previous page; `page` is counted from there.
        before: Optional<Uuid>,
    }
}

/// List activities of followed users
///
/// The newest first. `total` and `pages` count all activities, also with `before`, which reads a later page faster than its number. 404
/// if the activity `before` does not exist any more.
#[utoipa::path(
    get, path = "", tag = "Feed", params(Paging, FeedQuery),
    responses(
        (status = 200, description = "A page of activities", body = PageBody<ActivityBody>, example = json!(page_example())),
        failures::NotFound,
    )
)]
async fn page(
    caller: Caller,
    query: Query<(Paging, FeedQuery)>,
    feed: Data<Feed>,
) -> ApiResult<Json<PageBody<ActivityBody>>> {
    let (paging, FeedQuery { before }) = query.read()?;
    Ok(Json(feed.page(caller.id, paging.into(), before.map(ActivityId)).await?.into()))
}

/// Stream the feed
///
/// Server-Sent Events: an `activity` event for each activity, with its id and the JSON of an item of the feed as data, and a
/// `keepalive` event every 30 seconds. A client that reconnects sends the id of the last event it received, and first receives the
/// events it missed, the oldest first. The id of an event is that of its activity, sometimes with a suffix after a point; send it back
/// unchanged. An unknown id starts with new activities. The stream ends with the session, when the client is too slow, when the account
/// opens more than five streams, and when the server stops; the client then reconnects.
#[utoipa::path(
    get, path = "/stream", tag = "Feed",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client received")),
    responses((
        status = 200, description = "A stream of events", content_type = "text/event-stream", body = String,
        example = "retry: 2000\n\n\
                   id: 019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b\nevent: activity\n\
                   data: {\"id\":\"019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b\",\"created_at\":\"2026-11-22T12:34:56.789Z\",\
                   \"user_id\":\"019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b\",\"type\":\"level_up\",\
                   \"data\":{\"level\":11,\"title\":\"Apprentice\"},\
                   \"user\":{\"id\":\"019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b\",\"username\":\"ada\",\"name\":\"Ada\",\
                   \"image\":null}}\n\n\
                   event: keepalive\ndata: {}\n\n",
    ))
)]
async fn live(
    caller: Caller,
    request: HttpRequest,
    feed: Data<Feed>,
    identity: Data<Identity>,
) -> ApiResult<HttpResponse> {
    let token = bearer(&request).ok_or_else(|| ApiError::unauthorized("Authentication is required."))?;
    let live = feed.live(caller.id, last_event(&request)).await?;
    Ok(answer::events(Listener::new(live, identity, token.to_owned(), KEEPALIVE_INTERVAL).events()))
}

/// The id of the last event that the client received; `None` for an id that no event has.
fn last_event(request: &HttpRequest) -> Option<ResumePoint> {
    ResumePoint::parse(request.headers().get("Last-Event-ID")?.to_str().ok()?.trim())
}
