//! A fake provider with the parts of GitHub, GitLab and OpenID Connect that burntop uses, and with their rules for codes and tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::id_tokens::TokenSigner;
use crate::time::now;

/// The application registered at the provider.
pub const CLIENT_ID: &str = "burntop-client";
pub const CLIENT_SECRET: &str = "burntop-client-secret";

/// An account at the provider.
#[derive(Debug, Clone)]
pub struct ProviderUser {
    /// Permanent.
    pub id: u64,
    pub login: String,
    /// The primary address.
    pub email: String,
    /// Whether the provider has verified it.
    pub verified: bool,
    /// The organizations, which a token without the scope `read:org` does not show; the groups of OpenID Connect.
    pub organizations: Vec<String>,
}

/// A fault of the provider's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderFault {
    None,
    /// It answers 500.
    Fails,
    /// It does not answer.
    Slow,
}

/// A running provider on the loopback interface; it ends with the test.
#[derive(Debug)]
pub struct FakeProvider {
    url: String,
    books: Arc<Mutex<Books>>,
}

/// The state of the provider.
#[derive(Debug)]
struct Books {
    trouble: ProviderFault,
    /// The account that is signed in at the browser and consents; `None` refuses.
    browsing: Option<ProviderUser>,
    codes: HashMap<String, IssuedCode>,
    /// Application and account of a token.
    tokens: HashMap<String, (String, ProviderUser)>,
    issued: usize,
    /// Signs ID tokens.
    signer: TokenSigner,
    /// The issuer of ID tokens.
    issuer: String,
    /// Method and path of each request.
    requests_to: Vec<String>,
}

/// What a code was issued for.
#[derive(Debug)]
struct IssuedCode {
    challenge: String,
    callback: String,
    nonce: String,
    human: ProviderUser,
}

impl ProviderUser {
    /// An account with the verified address `<login>@example.org`.
    pub fn new(id: u64, login: &str) -> Self {
        Self {
            id,
            login: login.to_owned(),
            email: format!("{login}@example.org"),
            verified: true,
            organizations: Vec::new(),
        }
    }
}

impl FakeProvider {
    /// Starts a provider where `browsing` is signed in.
    pub async fn start(browsing: Option<ProviderUser>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let books = Books {
            trouble: ProviderFault::None,
            browsing,
            codes: HashMap::new(),
            tokens: HashMap::new(),
            issued: 0,
            signer: TokenSigner::new("first"),
            issuer: format!("{url}/oidc"),
            requests_to: Vec::new(),
        };
        let books = Arc::new(Mutex::new(books));
        let kept = books.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, kept.clone()));
            }
        });
        Self { url, books }
    }

    /// The settings of a server that uses this provider.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("GITHUB_CLIENT_ID", CLIENT_ID.to_owned()),
            ("GITHUB_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("GITHUB_URL", self.url.clone()),
            ("GITHUB_API_URL", self.url.clone()),
            ("BURNTOP__GITHUB__TIMEOUT_SECONDS", "1".to_owned()),
            ("GITLAB_CLIENT_ID", CLIENT_ID.to_owned()),
            ("GITLAB_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("GITLAB_URL", self.url.clone()),
            ("GITLAB_API_URL", format!("{}/api/v4", self.url)),
            ("OIDC_CLIENT_ID", CLIENT_ID.to_owned()),
            ("OIDC_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("OIDC_ISSUER", format!("{}/oidc", self.url)),
            ("BURNTOP__OIDC__NAME", "Example ID".to_owned()),
        ]
    }

    /// Changes the account that is signed in at the browser.
    pub fn browsing(&self, human: Option<ProviderUser>) {
        self.books().browsing = human;
    }

    pub fn trouble(&self, trouble: ProviderFault) {
        self.books().trouble = trouble;
    }

    /// Issues a token of `human` to the application `client_id`.
    pub fn issue(&self, client_id: &str, human: ProviderUser) -> String {
        self.books().issue(client_id, human)
    }

    /// Issues an ID token of `human` to the client `client_id`.
    pub fn issue_id_token(&self, client_id: &str, human: &ProviderUser) -> String {
        self.books().id_token(client_id, human, None)
    }

    /// Signs ID tokens with another key from now on.
    pub fn rotate_key(&self) {
        self.books().signer = TokenSigner::new("second");
    }

    /// The number of requests whose line contains `path`.
    pub fn requests_to(&self, path: &str) -> usize {
        self.books().requests_to.iter().filter(|line| line.contains(path)).count()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request with the parameters of its query and body.
struct Request {
    path: String,
    line: String,
    parameters: HashMap<String, String>,
    authorization: String,
    json: Value,
}

/// Status, `Location` and body.
type ApiResponse = (u16, Option<String>, Value);

impl Books {
    fn issue(&mut self, client_id: &str, human: ProviderUser) -> String {
        self.issued += 1;
        let token = format!("gho_issued{}", self.issued);
        self.tokens.insert(token.clone(), (client_id.to_owned(), human));
        token
    }

    fn answer(&mut self, request: &Request) -> ApiResponse {
        let github_token = format!("/applications/{CLIENT_ID}/token");
        match request.path.as_str() {
            "/login/oauth/authorize" | "/oauth/authorize" | "/oidc/authorize" => self.authorize(request),
            "/oidc/.well-known/openid-configuration" => (200, None, self.discovery()),
            "/oidc/keys" => (200, None, self.signer.key_set()),
            "/oidc/token" => match self.redeem(request) {
                Ok(IssuedCode { human, nonce, .. }) => {
                    let id_token = self.id_token(CLIENT_ID, &human, Some(&nonce));
                    (200, None, json!({"access_token": "opaque", "token_type": "Bearer", "id_token": id_token}))
                }
                Err(_) => (400, None, json!({"error": "invalid_grant"})),
            },
            "/login/oauth/access_token" => (200, None, self.exchange(request).unwrap_or_else(|error| error)),
            "/oauth/token" => match self.exchange(request) {
                Ok(token) => (200, None, token),
                Err(_) => (400, None, json!({"error": "invalid_grant"})),
            },
            path if path == github_token => self.check(request),
            "/oauth/token/info" => match self.bearer(request) {
                Some((client, human)) => {
                    (200, None, json!({"resource_owner_id": human.id, "application": {"uid": client}}))
                }
                None => (401, None, json!({"error": "invalid_token"})),
            },
            "/user" => self.about(request, |human| json!({"id": human.id, "login": human.login, "name": null})),
            "/user/emails" => self.about(request, |human| {
                json!([{"email": "second@example.org", "primary": false, "verified": true},
                       {"email": human.email, "primary": true, "verified": human.verified}])
            }),
            "/user/orgs" => {
                self.about(request, |human| human.organizations.iter().map(|login| json!({ "login": login })).collect())
            }
            "/api/v4/user" => self.about(request, |human| {
                let confirmed = human.verified.then_some("2012-05-23T09:05:22Z");
                json!({"id": human.id, "username": human.login, "email": human.email, "confirmed_at": confirmed})
            }),
            _ => (404, None, json!({"message": "Not Found"})),
        }
    }

    /// Redirects the browser back, with a code if an account is signed in.
    fn authorize(&mut self, request: &Request) -> ApiResponse {
        let parameter = |name: &str| request.parameters.get(name).cloned().unwrap_or_default();
        if parameter("client_id") != CLIENT_ID
            || parameter("code_challenge_method") != "S256"
            || parameter("state").is_empty()
        {
            return (400, None, json!({"error": "invalid_request"}));
        }
        let state = parameter("state");
        let answer = if let Some(human) = self.browsing.clone() {
            self.issued += 1;
            let code = format!("code{}", self.issued);
            let (challenge, callback) = (parameter("code_challenge"), parameter("redirect_uri"));
            self.codes.insert(code.clone(), IssuedCode { challenge, callback, nonce: parameter("nonce"), human });
            [("code", code), ("state", state)]
        } else {
            [("error", "access_denied".to_owned()), ("state", state)]
        };
        let back = Url::parse_with_params(&parameter("redirect_uri"), answer);
        (302, back.ok().map(String::from), Value::Null)
    }

    /// Exchanges a code for a token.
    fn exchange(&mut self, request: &Request) -> Result<Value, Value> {
        let human = self.redeem(request)?.human;
        Ok(json!({"access_token": self.issue(CLIENT_ID, human), "token_type": "bearer"}))
    }

    /// Uses up a code: once, and only with its verifier, callback and application.
    fn redeem(&mut self, request: &Request) -> Result<IssuedCode, Value> {
        let parameter = |name: &str| request.parameters.get(name).map_or("", String::as_str);
        let is_in_form = (parameter("client_id"), parameter("client_secret")) == (CLIENT_ID, CLIENT_SECRET);
        if !is_in_form && request.authorization != client_credentials() {
            return Err(json!({"error": "incorrect_client_credentials"}));
        }
        let bad = || json!({"error": "bad_verification_code"});
        let code = self.codes.remove(parameter("code")).ok_or_else(bad)?;
        let proof = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(parameter("code_verifier").as_bytes()));
        if (&proof, parameter("redirect_uri")) != (&code.challenge, &*code.callback) {
            return Err(bad());
        }
        Ok(code)
    }

    fn discovery(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        })
    }

    fn id_token(&self, client_id: &str, human: &ProviderUser, nonce: Option<&str>) -> String {
        let now = now().as_second();
        self.signer.sign(&json!({
            "iss": self.issuer, "aud": client_id, "sub": human.id.to_string(), "iat": now, "exp": now + 300, "nonce": nonce,
            "preferred_username": human.login, "email": human.email, "email_verified": human.verified,
            "groups": human.organizations,
        }))
    }

    /// Returns the account of a token, only to the application that it was issued to.
    fn check(&self, request: &Request) -> ApiResponse {
        if request.authorization != client_credentials() {
            return (401, None, json!({"message": "Bad credentials"}));
        }
        match self.tokens.get(request.json["access_token"].as_str().unwrap_or_default()) {
            Some((client, human)) if client == CLIENT_ID => {
                let user = json!({"id": human.id, "login": human.login});
                (200, None, json!({"app": {"client_id": client}, "user": user}))
            }
            _ => (404, None, json!({"message": "Not Found"})),
        }
    }

    fn bearer(&self, request: &Request) -> Option<&(String, ProviderUser)> {
        self.tokens.get(request.authorization.strip_prefix("Bearer ")?)
    }

    fn about(&self, request: &Request, body_of: impl Fn(&ProviderUser) -> Value) -> ApiResponse {
        match self.bearer(request) {
            Some((_, human)) => (200, None, body_of(human)),
            None => (401, None, json!({"message": "Bad credentials"})),
        }
    }
}

fn client_credentials() -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")))
}

async fn serve(mut stream: TcpStream, books: Arc<Mutex<Books>>) {
    let Some(request) = read(&mut stream).await else { return };
    let trouble = {
        let mut books = lock(&books);
        books.requests_to.push(request.line.clone());
        if request.path.ends_with("/authorize") { ProviderFault::None } else { books.trouble }
    };
    let (status, location, body) = match trouble {
        ProviderFault::None => lock(&books).answer(&request),
        ProviderFault::Fails => (500, None, json!({"message": "Server Error"})),
        ProviderFault::Slow => {
            // Waits until the client closes the connection.
            let _ = stream.read(&mut [0; 16]).await;
            return;
        }
    };
    let (body, location) = (body.to_string(), location.map_or(String::new(), |to| format!("Location: {to}\r\n")));
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{location}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    // The client may have closed the connection.
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes) {
            return Some(request);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// The request in `bytes`; `None` while it is incomplete.
fn parse(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = std::str::from_utf8(&bytes[end + 4..]).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: HashMap<String, &str> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value)).collect();
    let length: usize = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    if body.len() < length {
        return None;
    }
    let url = Url::parse("http://provider").ok()?.join(line.split(' ').nth(1)?).ok()?;
    let form = Url::parse(&format!("http://form/?{body}")).ok()?;
    let parameters = url.query_pairs().chain(form.query_pairs());
    Some(Request {
        path: url.path().to_owned(),
        parameters: parameters.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        authorization: headers.get("authorization").map_or(String::new(), |value| (*value).to_owned()),
        json: serde_json::from_str(body).unwrap_or_default(),
        line,
    })
}
