//! `/notifications`: the caller's notifications, marking them as read, and preferences.

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

/// The limit in bytes of a body with up to a thousand ids of notifications.
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

/// List the caller's notifications
///
/// The newest first. `total` counts the requested ones: with `unread_only` the unread ones. `unread_count` always counts the unread
/// ones. Read notifications are kept for at least 90 days, others for a year.
#[utoipa::path(
    get, path = "", tag = "Notifications", params(ListQuery),
    responses((status = 200, description = "A part of the notifications", body = InboxBody, example = json!(bodies::example())))
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
/// Either some, by their ids, or all. Ids of other accounts are ignored; notifications that were read before do not count again. The
/// names `notificationIds` and `markAll` are accepted too.
#[utoipa::path(
    post, path = "/read", tag = "Notifications",
    request_body(content = MarkRead, example = json!({"ids": ["019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b"]})),
    responses((status = 200, description = "The notifications are marked as read", body = MarkedBody, example = json!({"marked_count": 1})))
)]
async fn mark(caller: Caller, body: Body<MarkRead>, notifications: Data<Notifications>) -> ApiResult<Json<MarkedBody>> {
    let MarkRead(which) = body.read_within(LONGEST_LIST).await?;
    Ok(Json(notifications.mark_read(caller.id, &which).await?.into()))
}

/// Mark notifications as read, with camelCase names
///
/// The same as `POST /notifications/read`, whose names `ids` and `all` are accepted too.
#[utoipa::path(
    post, path = "", tag = "Notifications",
    request_body(content = MarkReadCamel, example = json!({"markAll": true})),
    responses((status = 200, description = "The notifications are marked as read", body = MarkedBody, example = json!({"marked_count": 1})))
)]
async fn mark_camel(
    caller: Caller,
    body: Body<MarkReadCamel>,
    notifications: Data<Notifications>,
) -> ApiResult<Json<MarkedBody>> {
    let MarkReadCamel(which) = body.read_within(LONGEST_LIST).await?;
    Ok(Json(notifications.mark_read(caller.id, &which).await?.into()))
}

/// Show the caller's notification preferences
///
/// For every kind of notification. By default all kinds go into the list, and weekly summaries, streaks at risk and follow requests
/// also go by e-mail, to a verified address, if this instance sends mail.
#[utoipa::path(
    get, path = "/preferences", tag = "Notifications",
    responses((status = 200, description = "The preferences", body = PreferencesBody,
               example = json!(preferences::example())))
)]
async fn wanted(caller: Caller, notifications: Data<Notifications>) -> ApiResult<Json<PreferencesBody>> {
    Ok(Json(notifications.preferences(caller.id).await?.into()))
}

/// Change the caller's notification preferences
///
/// Kinds that are not named keep their preference. A change takes effect with the next notification.
#[utoipa::path(
    patch, path = "/preferences", tag = "Notifications",
    request_body(content = PreferencesPatch, example = json!({"in_app": {"new_follower": false}})),
    responses((status = 200, description = "The changed preferences", body = PreferencesBody,
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
