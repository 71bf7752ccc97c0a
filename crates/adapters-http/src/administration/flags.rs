//! `/admin/flags` and `/admin/users/{username}/flag`: flags that keep accounts off the boards.

use actix_web::web::Data;
use domain::administration::{Administration, AuditReason, Flag, FlagOrder};
use domain::page::Page;
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Admin;
use crate::answer::{Created, Json, NoContent};
use crate::body::Body;
use crate::error::ApiResult;
use crate::input::{PathArgs, Query};
use crate::json::Instant;
use crate::openapi::failures;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::users::{UserPath, username};
use crate::validation::{Nullable, body};

pub(super) fn routes() -> Routes {
    crate::routes![
        list: Session;
        flag: Session;
        unflag: Session;
    ]
}

body! {
    /// A flag that keeps an account off the boards.
    struct NewFlagBody as "NewFlag" {
        /// The reason; not blank. The owner of the account can read it.
        reason: AuditReason,
        /// When the flag expires; absent or null: never.
        expires_at: Nullable<OffsetDateTime>,
    }
}

body! {
    /// Why a flag is lifted.
    struct LiftBody as "LiftedFlag" {
        /// The reason; it can be left out.
        reason: Nullable<AuditReason>,
    }
}

/// A flag that keeps, or kept, an account off the boards.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flag)]
struct FlagBody {
    id: Uuid,
    user_id: Uuid,
    username: String,
    reason: String,
    /// The administrator; null once that account is purged.
    flagged_by: Option<String>,
    created_at: Instant,
    /// Null: the flag does not expire.
    expires_at: Option<Instant>,
    /// When it was lifted, or its expiry was recorded.
    lifted_at: Option<Instant>,
    /// `standing`, `expired` or `lifted`.
    #[schema(pattern = "^(standing|expired|lifted)$")]
    state: &'static str,
}

impl FlagBody {
    /// `flag` as it is at `now`.
    fn of(flag: Flag, now: OffsetDateTime) -> Self {
        Self {
            state: flag.state(now).name(),
            id: flag.id,
            user_id: flag.user.0,
            username: flag.username.to_string(),
            reason: flag.reason.as_str().to_owned(),
            flagged_by: flag.by.map(|by| by.to_string()),
            created_at: flag.created_at.into(),
            expires_at: flag.expires_at.map(Instant::from),
            lifted_at: flag.lifted_at.map(Instant::from),
        }
    }
}

/// List flags
///
/// Current and past ones, the newest first.
#[utoipa::path(
    get, path = "/flags", tag = "Admin", params(Paging),
    responses((status = 200, description = "A page of flags", body = PageBody<FlagBody>, example = json!({
        "items": [example()], "total": 1, "page": 1, "size": 50, "pages": 1,
    })))
)]
async fn list(
    admin: Admin,
    query: Query<Paging>,
    administration: Data<Administration>,
) -> ApiResult<Json<PageBody<FlagBody>>> {
    let (page, now) = administration.flags(&admin.0, query.read()?.into()).await?;
    let Page { items, total, request } = page;
    let items: Vec<FlagBody> = items.into_iter().map(|flag| FlagBody::of(flag, now)).collect();
    Ok(Json(Page { items, total, request }.into()))
}

/// Flag an account
///
/// The account disappears from every board at once, except for its owner. Its dashboard keeps working. 409 when the account is flagged.
#[utoipa::path(
    post, path = "/users/{username}/flag", tag = "Admin",
    params(UserPath),
    request_body(content = NewFlagBody, example = json!({"reason": "These figures are made up.", "expires_at": null})),
    responses(
        (status = 201, description = "The account is flagged", body = FlagBody, example = json!(example())),
        failures::NotFound, failures::Conflict,
    )
)]
async fn flag(
    admin: Admin,
    path: PathArgs,
    body: Body<NewFlagBody>,
    administration: Data<Administration>,
) -> ApiResult<Created<FlagBody>> {
    let NewFlagBody { reason, expires_at } = body.read().await?;
    let flag = administration.flag(&admin.0, &username(&path)?, FlagOrder { reason, expires_at }).await?;
    let now = flag.created_at;
    Ok(Created(FlagBody::of(flag, now)))
}

/// Lift the flag of an account
///
/// Queues a refresh of the boards, after which the account is ranked again. If the boards were not refreshed since the flag, the
/// account has its former rank at once. After a flag that expires, the account is ranked with the next hourly refresh. The body can
/// be left out. 404 when the account is not flagged.
#[utoipa::path(
    delete, path = "/users/{username}/flag", tag = "Admin",
    params(UserPath),
    request_body(content = Option<LiftBody>, example = json!({"reason": "It was a mistake."})),
    responses((status = 204, description = "The flag is lifted, and a refresh of the boards is queued"), failures::NotFound)
)]
async fn unflag(
    admin: Admin,
    path: PathArgs,
    body: Body<LiftBody>,
    administration: Data<Administration>,
) -> ApiResult<NoContent> {
    let reason = body.read_if_any().await?.and_then(|body| body.reason);
    administration.unflag(&admin.0, &username(&path)?, reason).await?;
    Ok(NoContent)
}

fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "user_id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b",
        "username": "ada", "reason": "These figures are made up.", "flagged_by": "root",
        "created_at": "2026-11-22T12:34:56.789Z", "expires_at": null, "lifted_at": null, "state": "standing",
    })
}
