//! `/auth/tokens`: API tokens for programs.

use std::borrow::Cow;

use actix_web::web::Data;
use domain::identity::{ApiToken, ApiTokens, IssuedToken, TokenRequest, TokenScope};
use domain::ids::ApiTokenId;
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Ref, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::answer::{Created, Json, NoContent};
use crate::body::Body;
use crate::caller::Caller;
use crate::error::ApiResult;
use crate::input::PathArgs;
use crate::json::Instant;
use crate::openapi::failures;
use crate::routes::Routes;
use crate::validation::checks::{self, Checked};
use crate::validation::{Format, Line, List, Nullable, Scalar, body};

pub(super) fn routes() -> Routes {
    crate::routes![
        list: Session;
        issue: Session;
        revoke: Session;
    ]
    .under("/tokens")
}

/// The name of a scope.
struct ScopeName;

impl Format for ScopeName {
    type Value = TokenScope;

    fn read(value: Scalar<'_>) -> Checked<TokenScope> {
        checks::named(value, &TokenScope::ALL, TokenScope::name)
    }

    fn schema() -> ObjectBuilder {
        let description = "What an API token allows: `sync` to send usage, `read` to read what its owner can read";
        let names = TokenScope::ALL.map(TokenScope::name);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).description(Some(description))
    }

    fn item() -> RefOr<Schema> {
        Ref::from_schema_name(<Self as ToSchema>::name()).into()
    }
}

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        <Self as Format>::schema().into()
    }
}

impl ToSchema for ScopeName {
    fn name() -> Cow<'static, str> {
        "Scope".into()
    }
}

body! {
    /// An API token to be issued.
    struct NewTokenBody as "NewApiToken" {
        /// The token's name: one line without control or formatting characters.
        name: Line<1, 100>,
        /// What the token allows.
        scopes: List<ScopeName, 1, 2>,
        /// When the token expires; absent or null: never.
        expires_at: Nullable<OffsetDateTime>,
    }
}

/// An API token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiToken)]
struct TokenBody {
    id: Uuid,
    name: String,
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<&'static str>,
    created_at: Instant,
    /// Null: the token does not expire.
    expires_at: Option<Instant>,
    /// Accurate to five minutes; null before the first use.
    last_used_at: Option<Instant>,
}

impl From<ApiToken> for TokenBody {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id.0,
            name: token.name,
            scopes: token.scopes.iter().map(TokenScope::name).collect(),
            created_at: token.created_at.into(),
            expires_at: token.expires_at.map(Instant::from),
            last_used_at: token.last_used_at.map(Instant::from),
        }
    }
}

/// An API token that was just issued.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuedApiToken)]
struct IssuedBody {
    #[serde(flatten)]
    about: TokenBody,
    /// The token itself; shown this once.
    token: String,
}

impl From<IssuedToken> for IssuedBody {
    fn from(IssuedToken { token, secret }: IssuedToken) -> Self {
        Self { about: token.into(), token: secret.expose().to_owned() }
    }
}

/// List the caller's API tokens
///
/// The newest first. Requires a session: an API token cannot list others.
#[utoipa::path(
    get, path = "", tag = "Auth",
    responses((status = 200, description = "The tokens", body = [TokenBody], example = json!([example()])))
)]
async fn list(caller: Caller, tokens: Data<ApiTokens>) -> ApiResult<Json<Vec<TokenBody>>> {
    Ok(Json(tokens.list(caller.id).await?.into_iter().map(TokenBody::from).collect()))
}

/// Issue an API token
///
/// For programs: operations accept it within its scopes. An account can have 50.
#[utoipa::path(
    post, path = "", tag = "Auth",
    request_body(content = NewTokenBody, example = json!({"name": "laptop", "scopes": ["sync", "read"], "expires_at": null})),
    responses(
        (status = 201, description = "The token, shown this once", body = IssuedBody, example = json!(issued_example())),
        failures::Conflict,
    )
)]
async fn issue(caller: Caller, body: Body<NewTokenBody>, tokens: Data<ApiTokens>) -> ApiResult<Created<IssuedBody>> {
    let NewTokenBody { name, scopes, expires_at } = body.read().await?;
    let request = TokenRequest { name, scopes: scopes.into_iter().collect(), expires_at };
    Ok(Created(tokens.issue(caller.id, caller.session()?, request).await?.into()))
}

/// Revoke an API token
#[utoipa::path(
    delete, path = "/{id}", tag = "Auth",
    params(("id" = Uuid, Path, description = "The id of the token")),
    responses((status = 204, description = "The token is revoked"), failures::NotFound)
)]
async fn revoke(caller: Caller, path: PathArgs, tokens: Data<ApiTokens>) -> ApiResult<NoContent> {
    tokens.revoke(caller.id, ApiTokenId(path.uuid("id")?)).await?;
    Ok(NoContent)
}

fn example() -> Value {
    json!({
        "id": "019a9f2e-7d4b-7c3a-9a55-1c2d3e4f5a6b", "name": "laptop", "scopes": ["sync", "read"],
        "created_at": "2026-11-22T12:34:56.789Z", "expires_at": null, "last_used_at": null,
    })
}

fn issued_example() -> Value {
    let mut example = example();
    example["token"] = json!("t_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
    example
}
