//! `/admin/invitations`: permissions to create one account.

use actix_web::web::Data;
use domain::administration::Invitations;
use domain::identity::{Email, IssuedInvitation, ListedInvitation};
use domain::ids::InvitationId;
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Admin;
use crate::answer::{Created, Json, NoContent};
use crate::body::Body;
use crate::error::ApiResult;
use crate::identity::PublicUrl;
use crate::input::{PathArgs, Query};
use crate::json::Instant;
use crate::openapi::failures;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::validation::{Nullable, body};

pub(super) fn routes() -> Routes {
    crate::routes![
        list_invitations: Session;
        create_invitation: Session;
        revoke_invitation: Session;
    ]
    .under("/invitations")
}

body! {
    /// An invitation to be created.
    struct NewInvitationBody as "NewInvitation" {
        /// The only email address that it permits; absent or null: any.
        email: Nullable<Email>,
        /// When it expires, at most 90 days from now; absent or null: in 7 days.
        expires_at: Nullable<OffsetDateTime>,
    }
}

/// A permission to create one account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
struct InvitationBody {
    id: Uuid,
    /// The only email address that it permits; null: any.
    email: Option<String>,
    /// Whether the new account becomes an administrator. Only the start of an empty instance makes such an invitation.
    is_for_administrator: bool,
    /// The administrator; null for the operator, and once that account is purged.
    created_by: Option<String>,
    created_at: Instant,
    expires_at: Instant,
    /// When an account was created with it.
    used_at: Option<Instant>,
    /// That account.
    used_by: Option<String>,
}

impl From<ListedInvitation> for InvitationBody {
    fn from(invitation: ListedInvitation) -> Self {
        Self {
            id: invitation.id.0,
            email: invitation.email.map(|email| email.as_str().to_owned()),
            is_for_administrator: invitation.is_for_administrator,
            created_by: invitation.created_by.map(|username| username.to_string()),
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
            used_at: invitation.used_at.map(Instant::from),
            used_by: invitation.used_by.map(|username| username.to_string()),
        }
    }
}

/// A new invitation with its link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedInvitation)]
struct IssuedBody {
    id: Uuid,
    email: Option<String>,
    created_at: Instant,
    expires_at: Instant,
    /// The token, for the field `invitation` of a registration; shown this once.
    token: String,
    /// The page that creates the account; shown this once.
    url: String,
}

impl IssuedBody {
    fn of(issued: IssuedInvitation, url: &PublicUrl) -> Self {
        let url = issued.url(url.as_str());
        let IssuedInvitation { invitation, token } = issued;
        Self {
            id: invitation.id.0,
            email: invitation.email.map(|email| email.as_str().to_owned()),
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
            url,
            token: token.expose().to_owned(),
        }
    }
}

/// List invitations
///
/// The newest first, also used and expired ones.
#[utoipa::path(
    get, path = "", tag = "Admin", params(Paging),
    responses((status = 200, description = "A page of invitations", body = PageBody<InvitationBody>, example = json!({
        "items": [example()], "total": 1, "page": 1, "size": 50, "pages": 1,
    })))
)]
async fn list_invitations(
    admin: Admin,
    query: Query<Paging>,
    invitations: Data<Invitations>,
) -> ApiResult<Json<PageBody<InvitationBody>>> {
    let page = invitations.list(&admin.0, query.read()?.into()).await?;
    Ok(Json(page.map(InvitationBody::from).into()))
}

/// Invite a user
///
/// The link creates one account, also where registration is by invitation. An invitation for one email address also sets limits on
/// domains and organizations aside.
#[utoipa::path(
    post, path = "", tag = "Admin",
    request_body(content = NewInvitationBody, example = json!({"email": "ada@example.org", "expires_at": null})),
    responses((status = 201, description = "The invitation, with its link shown this once", body = IssuedBody, example = json!({
        "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "email": "ada@example.org",
        "created_at": "2026-11-22T12:34:56.789Z", "expires_at": "2026-11-29T12:34:56.789Z",
        "token": "i_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
        "url": "https://burntop.example.org/register?invitation=i_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
    })))
)]
async fn create_invitation(
    admin: Admin,
    body: Body<NewInvitationBody>,
    invitations: Data<Invitations>,
    url: Data<PublicUrl>,
) -> ApiResult<Created<IssuedBody>> {
    let NewInvitationBody { email, expires_at } = body.read().await?;
    Ok(Created(IssuedBody::of(invitations.create(&admin.0, email, expires_at).await?, &url)))
}

/// Revoke an invitation
///
/// 404 when it is used: the account exists.
#[utoipa::path(
    delete, path = "/{id}", tag = "Admin",
    params(("id" = Uuid, Path, description = "The id of the invitation")),
    responses((status = 204, description = "The link creates no account"), failures::NotFound)
)]
async fn revoke_invitation(admin: Admin, path: PathArgs, invitations: Data<Invitations>) -> ApiResult<NoContent> {
    invitations.revoke(&admin.0, InvitationId(path.uuid("id")?)).await?;
    Ok(NoContent)
}

fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "email": "ada@example.org", "is_for_administrator": false,
        "created_by": "root", "created_at": "2026-11-22T12:34:56.789Z", "expires_at": "2026-11-29T12:34:56.789Z",
        "used_at": null, "used_by": null,
    })
}
