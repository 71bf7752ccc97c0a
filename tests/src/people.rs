//! People with accounts.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::messages::Batch;
use crate::server::Server;

/// What everybody signs in with.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody with an account, signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Talks to the server as this person.
    pub client: Client,
    /// The account's id.
    pub id: String,
    /// What others call them.
    pub username: String,
    /// `<username>@example.org`.
    pub email: String,
}

impl Person {
    /// Makes an account called `username`.
    pub async fn register(server: &Server, username: &str) -> Self {
        Self::register_with(server, username, json!({})).await
    }

    /// Makes an account whose days are counted in `zone`.
    pub async fn register_in(server: &Server, username: &str, zone: &str) -> Self {
        Self::register_with(server, username, json!({ "timezone": zone })).await
    }

    /// Makes an account with more than an address, a password and a username.
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

    /// Signs in once more, from elsewhere.
    pub async fn login(&self) -> Client {
        self.login_with(PASSWORD).await
    }

    /// The same with another password.
    pub async fn login_with(&self, password: &str) -> Client {
        let client = self.client.anonymous();
        let session = client.post("/auth/login", &json!({ "email": self.email, "password": password })).await;
        let session = session.expect(200);
        client.with_token(session["token"].as_str().expect("a token"))
    }

    /// Sends `batch`; returns the answer to a sync that was accepted.
    pub async fn sync(&self, batch: &Batch) -> Value {
        self.try_sync(&batch.json()).await.expect(200)
    }

    /// Sends `body` to be synced, whatever becomes of it.
    pub async fn try_sync(&self, body: &Value) -> Answer {
        self.client.post("/sync", body).await
    }

    /// What `GET path` answers this person.
    pub async fn get(&self, path: &str) -> Value {
        self.client.get(path).await.expect(200)
    }

    /// Everything at a glance.
    pub async fn overview(&self) -> Value {
        self.get("/dashboard/overview").await
    }

    /// Changes the profile.
    pub async fn change(&self, body: Value) -> Value {
        self.client.patch("/users/me", &body).await.expect(200)
    }
}
