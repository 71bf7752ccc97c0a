//! `/notifications`: what the caller was told, what of it they have read, and what they want to be told.

mod bodies;
mod marking;
mod preferences;
mod query;
mod unsubscribe;

use actix_web::web::Data;
use domain::notifications::Notifications;

use crate::answer::Json;
use crate::body::Body;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::Query;
use crate::routes::Routes;
use bodies::{InboxBody, MarkedBody};
use marking::{MarkRead, MarkReadCamel};
use preferences::{PreferencesBody, PreferencesPatch};
use query::ListQuery;

/// Bytes of a body that lists notifications, of which there may be a thousand.
const LONGEST_LIST: usize = 64 << 10;

/// The routes of notifications.
pub fn routes() -> Routes {
    crate::routes![
        list: Token(Read);
        mark: Session;
        mark_camel: Session;
        wanted: Token(Read);
        change: Session;
    ]
    .and(unsubscribe::pages())
    .under("/notifications")
}

/// The caller's notifications
///
/// The newest first. `total` counts what was asked for: with `unread_only` those that were not read. `unread_count` counts
/// those in either case. Ones that were read are kept for 90 days at least, others for a year.
#[utoipa::path(
    get, path = "", tag = "Notifications", params(ListQuery),
    responses((status = 200, description = "A part of them", body = InboxBody, example = json!(bodies::example())))
)]
async fn list(
    caller: Caller,
    query: Query<ListQuery>,
    notifications: Data<Notifications>,
) -> ApiResult<Json<InboxBody>> {
    Ok(Json(notifications.list(caller.id, query.read()?.into()).await?.into()))
}

/// Mark notifications as read
///
/// Either some, by their ids, or all. Ids that are not the caller's are left alone; those that were read before do not
/// count again. The names of the other spelling, `notificationIds` and `markAll`, are understood too.
#[utoipa::path(
    post, path = "/read", tag = "Notifications",
    request_body(content = MarkRead, example = json!({"ids": ["019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b"]})),
    responses((status = 200, description = "They are read", body = MarkedBody, example = json!({"marked_count": 1})))
)]
async fn mark(caller: Caller, body: Body<MarkRead>, notifications: Data<Notifications>) -> ApiResult<Json<MarkedBody>> {
    let MarkRead(which) = body.read_within(LONGEST_LIST).await?;
    Ok(Json(notifications.mark_read(caller.id, &which).await?.into()))
}

/// Mark notifications as read, in the other spelling
///
/// The same as `POST /notifications/read`, whose names `ids` and `all` are understood too.
#[utoipa::path(
    post, path = "", tag = "Notifications",
    request_body(content = MarkReadCamel, example = json!({"markAll": true})),
    responses((status = 200, description = "They are read", body = MarkedBody, example = json!({"marked_count": 1})))
)]
async fn mark_camel(
    caller: Caller,
    body: Body<MarkReadCamel>,
    notifications: Data<Notifications>,
) -> ApiResult<Json<MarkedBody>> {
    let MarkReadCamel(which) = body.read_within(LONGEST_LIST).await?;
    Ok(Json(notifications.mark_read(caller.id, &which).await?.into()))
}

/// What the caller wants to be told
///
/// Every kind of notification. Until its owner says otherwise, everything goes into the list, and weekly summaries, streaks at
/// risk and follow requests by e-mail too: to an address that is verified, where this instance sends mail.
#[utoipa::path(
    get, path = "/preferences", tag = "Notifications",
    responses((status = 200, description = "Every kind", body = PreferencesBody,
               example = json!(preferences::example())))
)]
async fn wanted(caller: Caller, notifications: Data<Notifications>) -> ApiResult<Json<PreferencesBody>> {
    Ok(Json(notifications.preferences(caller.id).await?.into()))
}

/// Change what the caller wants to be told
///
/// What is not named stays. It holds from the next notification on; those that were written stay.
#[utoipa::path(
    patch, path = "/preferences", tag = "Notifications",
    request_body(content = PreferencesPatch, example = json!({"in_app": {"new_follower": false}})),
    responses((status = 200, description = "Every kind after it", body = PreferencesBody,
               example = json!(preferences::example())))
)]
async fn change(
    caller: Caller,
    body: Body<PreferencesPatch>,
    notifications: Data<Notifications>,
) -> ApiResult<Json<PreferencesBody>> {
    let change = body.read().await?.into();
    Ok(Json(notifications.change_preferences(caller.id, &change).await?.into()))
}
