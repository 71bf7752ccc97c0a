//! Signed-in accounts.

use serde_json::{Value, json};

use crate::client::{ApiResponse, Client};
use crate::messages::Batch;
use crate::server::Server;

/// The password of all accounts.
pub const PASSWORD: &str = "correct horse battery";

/// An account with a session.
#[derive(Debug, Clone)]
pub struct TestUser {
    /// Authenticated by the session.
    pub client: Client,
    pub id: String,
    pub username: String,
    /// `<username>@example.org`.
    pub email: String,
}

impl TestUser {
    /// Registers the account `username`.
    pub async fn register(server: &Server, username: &str) -> Self {
        Self::register_with(server, username, json!({})).await
    }

    /// Registers an account with the time zone `zone`.
    pub async fn register_in(server: &Server, username: &str, zone: &str) -> Self {
        Self::register_with(server, username, json!({ "timezone": zone })).await
    }

    /// Registers an account with further fields in `body`.
    pub async fn register_with(server: &Server, username: &str, mut body: Value) -> Self {
        let email = format!("{username}@example.org");
        body["username"] = json!(username);
        body["email"] = json!(email);
        body["password"] = json!(PASSWORD);
        let client = server.client();
        let session = client.post("/auth/register", &body).await.expect(201);
        let text = |name: &str| session[name].as_str().unwrap_or_else(|| panic!("no {name} in {session}")).to_owned();
        Self { client: client.with_token(&text("token")), id: text("user_id"), username: username.to_owned(), email }
    }

    /// Opens another session.
    pub async fn login(&self) -> Client {
        self.login_with(PASSWORD).await
    }

    /// Opens another session with `password`.
    pub async fn login_with(&self, password: &str) -> Client {
        let client = self.client.anonymous();
        let session = client.post("/auth/login", &json!({ "email": self.email, "password": password })).await;
        let session = session.expect(200);
        client.with_token(session["token"].as_str().expect("a token"))
    }

    /// Syncs `batch`, which must be accepted; returns the answer.
    pub async fn sync(&self, batch: &Batch) -> Value {
        self.try_sync(&batch.json()).await.expect(200)
    }

    /// Sends `body` as a sync, which may be refused.
    pub async fn try_sync(&self, body: &Value) -> ApiResponse {
        self.client.post("/sync", body).await
    }

    /// The answer to `GET path`, which must succeed.
    pub async fn get(&self, path: &str) -> Value {
        self.client.get(path).await.expect(200)
    }

    pub async fn overview(&self) -> Value {
        self.get("/dashboard/overview").await
    }

    /// Changes the profile.
    pub async fn change(&self, body: Value) -> Value {
        self.client.patch("/users/me", &body).await.expect(200)
    }
}
