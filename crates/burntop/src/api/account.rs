//! `/auth`: the account, its API tokens and its sessions.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, ApiError, RequestBody};
use crate::credentials::Token;

/// The signed-in account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) timezone: Option<String>,
}

/// An API token that was just issued.
#[derive(Debug, Deserialize)]
pub(crate) struct IssuedToken {
    pub(crate) id: String,
    pub(crate) token: Token,
}

impl Api {
    pub(crate) fn me(&self) -> Result<Account, ApiError> {
        self.send(Method::GET, "/auth/me", RequestBody::Empty)?.read()
    }

    /// Whether the token has the scope `sync`, as far as the server says.
    pub(crate) fn may_sync(&self) -> Result<bool, ApiError> {
        match self.sync_state("claude-code", "00000000") {
            Ok(_) => Ok(true),
            Err(ApiError::Answered { status: 403, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Issues an API token called `name` that may read and sync. It needs a session.
    pub(crate) fn issue_token(&self, name: &str) -> Result<IssuedToken, ApiError> {
        let body = json!({"name": name, "scopes": ["sync", "read"]});
        self.send(Method::POST, "/auth/tokens", RequestBody::Json(body))?.read()
    }

    /// Revokes the API token with the id `id`.
    pub(crate) fn revoke_token(&self, id: &str) -> Result<(), ApiError> {
        self.send(Method::DELETE, &format!("/auth/tokens/{id}"), RequestBody::Empty).map(drop)
    }

    /// Ends the session whose token this is.
    pub(crate) fn end_session(&self) -> Result<(), ApiError> {
        self.send(Method::POST, "/auth/logout", RequestBody::Empty).map(drop)
    }
}
