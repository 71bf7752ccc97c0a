//! `/admin/audit`: the audit log of administrators and operators.

use actix_web::web::Data;
use domain::administration::{AdminActionKind, Administration, AuditEntry, AuditFilter};
use domain::users::Username;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Admin;
use crate::answer::Json;
use crate::error::ApiResult;
use crate::input::Query;
use crate::json::Instant;
use crate::paging::{PageBody, Paging};
use crate::routes::Routes;
use crate::validation::{Optional, Text, query};

pub(super) fn routes() -> Routes {
    crate::routes![log: Session;]
}

query! {
    /// `?actor=&action=&subject=`.
    struct AuditQuery {
        /// Only actions of the administrator with this username.
        actor: Optional<Text<1, 30>>,
        /// Only this action.
        action: Optional<AdminActionKind>,
        /// Only actions on this account (its id or username), model or job (its id).
        subject: Optional<Text<1, 200>>,
    }
}

impl From<AuditQuery> for AuditFilter {
    fn from(AuditQuery { actor, action, subject }: AuditQuery) -> Self {
        Self { actor: actor.map(Username::trusted), action, target: subject }
    }
}

/// An audit record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct EntryBody {
    id: Uuid,
    at: Instant,
    /// Whether an operator acted, with a command of the worker.
    by_operator: bool,
    /// The administrator; null for an operator, and once that account is purged.
    actor: Option<ActorBody>,
    /// The action, such as `account_flagged`.
    action: String,
    subject: SubjectBody,
    /// Details, such as the reason.
    #[schema(value_type = Object)]
    details: Box<RawValue>,
    /// The client's address; null where the actor is.
    ip: Option<String>,
}

/// The administrator of an action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
struct ActorBody {
    id: Uuid,
    username: String,
}

/// The subject of an action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditSubject)]
struct SubjectBody {
    /// `user`, `model`, `job` or `boards`.
    kind: String,
    /// The id of an account or job, or the name of a model.
    id: String,
    /// The username, if the subject is an account that exists.
    username: Option<String>,
}

impl From<AuditEntry> for EntryBody {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.into(),
            by_operator: entry.by_operator,
            actor: entry.actor.map(|(id, username)| ActorBody { id: id.0, username: username.to_string() }),
            action: entry.action,
            subject: SubjectBody {
                kind: entry.target_kind,
                id: entry.target,
                username: entry.target_username.map(|username| username.to_string()),
            },
            // The database holds nothing but JSON there.
            details: RawValue::from_string(entry.details.0).unwrap_or_default(),
            ip: entry.ip,
        }
    }
}

/// Show the audit log
///
/// Actions of administrators, and of operators with commands of the worker; the newest first. Records never change.
#[utoipa::path(
    get, path = "/audit", tag = "Admin", params(AuditQuery, Paging),
    responses((status = 200, description = "A page of the log", body = PageBody<EntryBody>, example = json!({
        "items": [example()], "total": 1, "page": 1, "size": 50, "pages": 1,
    })))
)]
async fn log(
    admin: Admin,
    query: Query<(Paging, AuditQuery)>,
    administration: Data<Administration>,
) -> ApiResult<Json<PageBody<EntryBody>>> {
    let (paging, filter) = query.read()?;
    Ok(Json(administration.audit(&admin.0, &filter.into(), paging.into()).await?.into()))
}

fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4c-7c3a-9a55-1c2d3e4f5a6b", "at": "2026-11-22T12:34:56.789Z", "by_operator": false,
        "actor": {"id": "019a9f2e-7d4d-7c3a-9a55-1c2d3e4f5a6b", "username": "root"}, "action": "account_flagged",
        "subject": {"kind": "user", "id": "019a9f2e-7d4a-7c3a-9a55-1c2d3e4f5a6b", "username": "ada"},
        "details": {"flag": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "reason": "These figures are made up.",
                    "expires_at": null},
        "ip": "192.0.2.7",
    })
}
