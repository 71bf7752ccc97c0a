//! `/admin/users`: users for administrators.

use actix_web::web::Data;
use domain::administration::{AuditReason, ListedUser, PasswordLink, UserAdministration, UserState};
use domain::users::GRACE_PERIOD;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Admin;
use crate::answer::{Accepted, Created, Json, NoContent};
use crate::body::Body;
use crate::error::ApiResult;
use crate::identity::PublicUrl;
use crate::input::{PathArgs, Query};
use crate::json::Instant;
use crate::openapi::failures;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::users::{UserPath, username};
use crate::validation::{Nullable, Optional, Text, body, query};

pub(super) fn routes() -> Routes {
    crate::routes![
        list_users: Session;
        delete_user: Session;
        disable_user: Session;
        enable_user: Session;
        end_sessions: Session;
        password_link: Session;
    ]
    .under("/users")
}

query! {
    /// `?search=ada`.
    struct UsersQuery {
        /// Only users whose username or email address contains this text, in any case
        search: Optional<Text<1, 254>>,
    }
}

body! {
    /// Why an account is disabled or deleted.
    struct SuspensionBody as "Suspension" {
        /// The reason, for the audit log; it can be left out.
        reason: Nullable<AuditReason>,
    }
}

/// A user as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUser)]
struct UserBody {
    id: Uuid,
    username: String,
    /// Null for an account of a provider without a verified address.
    email: Option<String>,
    email_verified: bool,
    is_public: bool,
    is_admin: bool,
    created_at: Instant,
    /// The last use of a session or API token, accurate to five minutes; null if there is none.
    last_seen_at: Option<Instant>,
    /// Messages in the ledger.
    messages: u64,
    /// `active`, `disabled` or `deleted`.
    #[schema(pattern = "^(active|disabled|deleted)$")]
    state: &'static str,
    /// When a deleted account is purged; null for others.
    deletion_at: Option<Instant>,
    /// Whether signing in restores a deleted account: its owner deleted it. Null for others.
    can_return: Option<bool>,
}

impl From<ListedUser> for UserBody {
    fn from(user: ListedUser) -> Self {
        let (state, deletion_at, can_return) = match user.state {
            UserState::Active => ("active", None, None),
            UserState::Disabled(_) => ("disabled", None, None),
            UserState::Deleted { at, can_return } => ("deleted", Some((at + GRACE_PERIOD).into()), Some(can_return)),
        };
        Self {
            id: user.id.0,
            username: user.username.to_string(),
            email: user.email.map(|email| email.as_str().to_owned()),
            email_verified: user.is_email_verified,
            is_public: user.is_public,
            is_admin: user.is_admin,
            created_at: user.created_at.into(),
            last_seen_at: user.last_seen_at.map(Instant::from),
            messages: user.messages,
            state,
            deletion_at,
            can_return,
        }
    }
}

/// When a deleted account is purged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserDeletion)]
struct DeletionBody {
    deletion_at: Instant,
}

/// A link that sets a new password, once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PasswordLink)]
struct LinkBody {
    /// The page that sets the password; shown this once.
    url: String,
    expires_at: Instant,
}

impl LinkBody {
    fn of(link: &PasswordLink, url: &PublicUrl) -> Self {
        Self { url: link.url(url.as_str()), expires_at: link.expires_at.into() }
    }
}

/// List users
///
/// By username; also disabled ones, and deleted ones that are not purged.
#[utoipa::path(
    get, path = "", tag = "Admin", params(UsersQuery, Paging),
    responses((status = 200, description = "A page of users", body = PageBody<UserBody>, example = json!({
        "items": [example()], "total": 1, "page": 1, "size": 50, "pages": 1,
    })))
)]
async fn list_users(
    admin: Admin,
    query: Query<UsersQuery>,
    paging: Query<Paging>,
    users: Data<UserAdministration>,
) -> ApiResult<Json<PageBody<UserBody>>> {
    let (search, page) = (query.read()?.search, paging.read()?.into());
    Ok(Json(users.list(&admin.0, search.as_deref(), page).await?.map(UserBody::from).into()))
}

/// Disable a user
///
/// Ends all access to the account and hides it everywhere, until it is enabled. Signing in is refused with 403. 409 for an account that
/// is disabled or deleted, and for the caller's own. The body can be left out.
#[utoipa::path(
    post, path = "/{username}/disable", tag = "Admin", params(UserPath),
    request_body(content = Option<SuspensionBody>, example = json!({"reason": "Left the company."})),
    responses(
        (status = 204, description = "The account is disabled"),
        failures::NotFound, failures::Conflict,
    )
)]
async fn disable_user(
    admin: Admin,
    path: PathArgs,
    body: Body<SuspensionBody>,
    users: Data<UserAdministration>,
) -> ApiResult<NoContent> {
    let reason = body.read_if_any().await?.and_then(|body| body.reason);
    users.disable(&admin.0, &username(&path)?, reason).await?;
    Ok(NoContent)
}

/// Enable a user
///
/// Restores an account that an administrator disabled, or deleted less than 30 days ago. 409 for an active account, and for one that its
/// owner deleted: signing in restores it.
#[utoipa::path(
    post, path = "/{username}/enable", tag = "Admin", params(UserPath),
    responses(
        (status = 204, description = "The account is enabled; its owner can sign in"),
        failures::NotFound, failures::Conflict,
    )
)]
async fn enable_user(admin: Admin, path: PathArgs, users: Data<UserAdministration>) -> ApiResult<NoContent> {
    users.enable(&admin.0, &username(&path)?).await?;
    Ok(NoContent)
}

/// Delete a user
///
/// As the owner could with `DELETE /users/me`, but signing in does not restore the account. It is purged after 30 days. The body can be
/// left out.
#[utoipa::path(
    delete, path = "/{username}", tag = "Admin", params(UserPath),
    request_body(content = Option<SuspensionBody>, example = json!({"reason": "Asked by email."})),
    responses(
        (status = 202, description = "The account is hidden, and purged at this instant", body = DeletionBody,
         example = json!({"deletion_at": "2026-12-22T12:34:56.789Z"})),
        failures::NotFound, failures::Conflict,
    )
)]
async fn delete_user(
    admin: Admin,
    path: PathArgs,
    body: Body<SuspensionBody>,
    users: Data<UserAdministration>,
) -> ApiResult<Accepted<DeletionBody>> {
    let reason = body.read_if_any().await?.and_then(|body| body.reason);
    let deletion_at = users.delete(&admin.0, &username(&path)?, reason).await?;
    Ok(Accepted(DeletionBody { deletion_at: deletion_at.into() }))
}

/// End the sessions of a user
///
/// Also API tokens and confirmed device logins. The owner can sign in again.
#[utoipa::path(
    post, path = "/{username}/end-sessions", tag = "Admin", params(UserPath),
    responses((status = 204, description = "Nothing is signed in"), failures::NotFound)
)]
async fn end_sessions(admin: Admin, path: PathArgs, users: Data<UserAdministration>) -> ApiResult<NoContent> {
    users.end_sessions(&admin.0, &username(&path)?).await?;
    Ok(NoContent)
}

/// Make a link for a new password
///
/// For the owner of the account, who sets a password with it once and within a day, without email. All other access to the account then
/// ends. The link ends with the present password.
#[utoipa::path(
    post, path = "/{username}/password-link", tag = "Admin", params(UserPath),
    responses(
        (status = 201, description = "The link, shown this once", body = LinkBody, example = json!({
            "url": "https://burntop.example.org/password?token=BAGanyY9S308Olscv3dzcUZKvCaq", "expires_at": "2026-11-23T12:34:56Z",
        })),
        failures::NotFound, failures::Conflict,
    )
)]
async fn password_link(
    admin: Admin,
    path: PathArgs,
    users: Data<UserAdministration>,
    url: Data<PublicUrl>,
) -> ApiResult<Created<LinkBody>> {
    let link = users.password_link(&admin.0, &username(&path)?).await?;
    Ok(Created(LinkBody::of(&link, &url)))
}

fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada", "email": "ada@example.org", "email_verified": true,
        "is_public": true, "is_admin": false, "created_at": "2026-11-22T12:34:56.789Z",
        "last_seen_at": "2026-11-22T12:34:56.789Z", "messages": 229, "state": "active", "deletion_at": null, "can_return": null,
    })
}
