//! Authorisation: each operation of the OpenAPI document is tried by all kinds of callers, against a table of decisions.
//!
//! The owner has a private profile; paths and ids name resources of the owner. An operation without a decision fails, and so does a
//! decision without an operation.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Batch, Client, Server, TestMessage, TestUser};

/// The callers in the order of the columns and of the attempts. The owner is last, to find all resources unchanged.
const CALLERS: [&str; 6] = ["anonymous", "other", "admin", "sync token", "read token", "owner"];

/// The status for each caller. The tokens are the owner's.
#[rustfmt::skip]
const DECISIONS: &[(&str, [u16; 6])] = &[
    //                                              nobody other admin sync read owner
    ("GET /achievements",                           [200, 200, 200, 200, 200, 200]),
    ("GET /admin/audit",                            [401, 403, 200, 403, 403, 403]),
    ("GET /admin/flags",                            [401, 403, 200, 403, 403, 403]),
    ("GET /admin/invitations",                      [401, 403, 200, 403, 403, 403]),
    ("POST /admin/invitations",                     [401, 403, 201, 403, 403, 403]),
    ("DELETE /admin/invitations/{id}",              [401, 403, 404, 403, 403, 403]),
    ("GET /admin/models/unpriced",                  [401, 403, 200, 403, 403, 403]),
    ("GET /admin/prices/overrides",                 [401, 403, 200, 403, 403, 403]),
    ("POST /admin/prices/overrides",                [401, 403, 201, 403, 403, 403]),
    ("DELETE /admin/prices/overrides/{id}",         [401, 403, 404, 403, 403, 403]),
    ("GET /admin/queue",                            [401, 403, 200, 403, 403, 403]),
    ("DELETE /admin/queue/{id}",                    [401, 403, 404, 403, 403, 403]),
    ("POST /admin/queue/{id}/retry",                [401, 403, 404, 403, 403, 403]),
    ("GET /admin/suspects",                         [401, 403, 200, 403, 403, 403]),
    ("GET /admin/users",                            [401, 403, 200, 403, 403, 403]),
    ("DELETE /admin/users/{username}",              [401, 403, 202, 401, 401, 401]),
    ("POST /admin/users/{username}/disable",        [401, 403, 204, 401, 401, 401]),
    ("POST /admin/users/{username}/enable",         [401, 403, 409, 403, 403, 403]),
    ("POST /admin/users/{username}/end-sessions",   [401, 403, 204, 401, 401, 401]),
    ("POST /admin/users/{username}/password-link",  [401, 403, 201, 403, 403, 403]),
    ("DELETE /admin/users/{username}/flag",         [401, 403, 404, 403, 403, 403]),
    ("POST /admin/users/{username}/flag",           [401, 403, 201, 403, 403, 403]),
    ("POST /auth/device/code",                      [200, 200, 200, 200, 200, 200]),
    ("POST /auth/device/confirm",                   [401, 404, 404, 403, 403, 404]),
    ("POST /auth/device/token",                     [400, 400, 400, 400, 400, 400]),
    ("POST /auth/login",                            [401, 401, 401, 401, 401, 401]),
    ("POST /auth/logout",                           [401, 204, 204, 403, 403, 204]),
    ("GET /auth/me",                                [401, 200, 200, 403, 200, 200]),
    ("GET /auth/providers",                         [200, 200, 200, 200, 200, 200]),
    ("GET /auth/oauth/accounts",                    [401, 200, 200, 403, 403, 200]),
    ("GET /auth/oauth/{provider}",                  [404, 404, 404, 404, 404, 404]),
    ("GET /auth/oauth/{provider}/callback",         [404, 404, 404, 404, 404, 404]),
    ("POST /auth/oauth/{provider}/device",          [404, 404, 404, 404, 404, 404]),
    ("DELETE /auth/oauth/{provider}/link",          [401, 404, 404, 403, 403, 404]),
    ("POST /auth/oauth/{provider}/link",            [401, 404, 404, 403, 403, 404]),
    ("POST /auth/password",                         [401, 204, 204, 403, 403, 204]),
    ("POST /auth/password/forgot",                  [204, 204, 204, 204, 204, 204]),
    ("POST /auth/password/reset",                   [400, 400, 400, 400, 400, 400]),
    ("POST /auth/register",                         [201, 409, 409, 409, 409, 409]),
    ("GET /auth/sessions",                          [401, 200, 200, 403, 403, 200]),
    ("DELETE /auth/sessions/{id}",                  [401, 404, 404, 403, 403, 204]),
    ("GET /auth/tokens",                            [401, 200, 200, 403, 403, 200]),
    ("POST /auth/tokens",                           [401, 201, 201, 403, 403, 201]),
    ("DELETE /auth/tokens/{id}",                    [401, 404, 404, 403, 403, 204]),
    ("POST /auth/verify-email",                     [400, 400, 400, 400, 400, 400]),
    ("GET /dashboard/machines",                     [401, 200, 200, 403, 200, 200]),
    ("GET /dashboard/models",                       [401, 200, 200, 403, 200, 200]),
    ("GET /dashboard/overview",                     [401, 200, 200, 403, 200, 200]),
    ("GET /dashboard/projects",                     [401, 200, 200, 403, 200, 200]),
    ("GET /dashboard/tools",                        [401, 200, 200, 403, 200, 200]),
    ("GET /dashboard/trends",                       [401, 200, 200, 403, 200, 200]),
    ("GET /feed",                                   [401, 200, 200, 403, 200, 200]),
    ("GET /feed/stream",                            [401, 200, 200, 403, 200, 200]),
    ("GET /health",                                 [200, 200, 200, 200, 200, 200]),
    ("GET /health/live",                            [200, 200, 200, 200, 200, 200]),
    ("GET /health/ready",                           [200, 200, 200, 200, 200, 200]),
    ("GET /health/worker",                          [503, 503, 503, 503, 503, 503]),
    ("GET /insights",                               [401, 404, 404, 403, 404, 404]),
    ("GET /leaderboard",                            [200, 200, 200, 200, 200, 200]),
    ("POST /leaderboard/refresh",                   [401, 403, 202, 403, 403, 403]),
    ("GET /leaderboard/seasons",                    [200, 200, 200, 200, 200, 200]),
    ("GET /leaderboard/seasons/{season}",           [404, 404, 404, 404, 404, 404]),
    ("GET /leaderboard/{username}",                 [404, 404, 404, 404, 404, 404]),
    ("GET /notifications",                          [401, 200, 200, 403, 200, 200]),
    ("POST /notifications",                         [401, 200, 200, 403, 403, 200]),
    ("GET /notifications/preferences",              [401, 200, 200, 403, 200, 200]),
    ("PATCH /notifications/preferences",            [401, 200, 200, 403, 403, 200]),
    ("POST /notifications/read",                    [401, 200, 200, 403, 403, 200]),
    ("POST /projects",                              [401, 201, 201, 403, 403, 201]),
    ("DELETE /projects/{id}",                       [401, 404, 404, 403, 403, 204]),
    ("PATCH /projects/{id}",                        [401, 404, 404, 403, 403, 200]),
    ("POST /projects/{id}/refresh",                 [401, 404, 404, 403, 403, 200]),
    ("POST /referrals/click",                       [200, 200, 200, 200, 200, 200]),
    ("GET /referrals/code",                         [401, 200, 200, 403, 200, 200]),
    ("GET /referrals/stats",                        [401, 200, 200, 403, 200, 200]),
    ("POST /referrals/track",                       [401, 404, 404, 403, 403, 404]),
    ("GET /stats/platform",                         [200, 200, 200, 200, 200, 200]),
    ("POST /sync",                                  [401, 200, 200, 200, 403, 200]),
    ("GET /sync/state",                             [401, 200, 200, 200, 403, 200]),
    ("DELETE /users/me",                            [401, 202, 202, 403, 403, 202]),
    ("DELETE /users/me/usage",                      [401, 200, 200, 403, 403, 200]),
    ("PATCH /users/me",                             [401, 200, 200, 403, 403, 200]),
    ("DELETE /users/me/achievements/{id}/pin",      [401, 404, 404, 403, 403, 200]),
    ("PUT /users/me/achievements/{id}/pin",         [401, 404, 404, 403, 403, 200]),
    ("GET /users/me/export",                        [401, 200, 200, 403, 403, 200]),
    ("GET /users/me/flags",                         [401, 200, 200, 403, 200, 200]),
    ("GET /users/me/follow-requests",               [401, 200, 200, 403, 200, 200]),
    ("DELETE /users/me/follow-requests/{username}", [401, 400, 204, 403, 403, 204]),
    ("POST /users/me/follow-requests/{username}",   [401, 400, 404, 403, 403, 204]),
    ("DELETE /users/me/followers/{username}",       [401, 400, 204, 403, 403, 204]),
    ("GET /users/{a}/compare/{b}",                  [404, 404, 404, 404, 200, 200]),
    ("GET /users/{username}",                       [200, 200, 200, 200, 200, 200]),
    ("GET /users/{username}/achievements",          [403, 403, 403, 403, 200, 200]),
    ("DELETE /users/{username}/follow",             [401, 204, 204, 403, 403, 400]),
    ("POST /users/{username}/follow",               [401, 409, 202, 403, 403, 400]),
    ("GET /users/{username}/follow-stats",          [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/followers",             [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/following",             [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/heatmap",               [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/level",                 [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/models",                [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/projects",              [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/rank-history",          [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/stats",                 [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/tools",                 [403, 403, 403, 403, 200, 200]),
    ("GET /users/{username}/trends",                [403, 403, 403, 403, 200, 200]),
];

/// The callers of one operation, and the owner's resources.
struct Callers {
    clients: Vec<Client>,
    owner: TestUser,
    other: TestUser,
    achievement: String,
    project: String,
    session: String,
    token: String,
}

impl Callers {
    async fn new(server: &Server, name: &str) -> Self {
        let user = async |role: &str| TestUser::register(server, &format!("{role}_{name}")).await;
        let (owner, other, admin) = (user("owner").await, user("other").await, user("admin").await);
        owner.change(json!({"is_public": false})).await;
        let unlocked = owner.sync(&Batch::of([TestMessage::new("m1").output(7)])).await["newAchievements"][0].clone();
        server.database().rows(&format!("UPDATE users SET is_admin = true WHERE id = '{}'", admin.id));
        other.client.post(&format!("/users/{}/follow", owner.username), &json!({})).await.expect(202);
        owner.login().await;
        let sessions = owner.get("/auth/sessions").await;
        let sessions = sessions.as_array().expect("a list");
        let session = sessions.iter().find(|session| session["current"] == false).expect("another session");

        let project = json!({"url": "https://example.org"});
        let project = owner.client.post("/projects", &project).await.expect(201);
        let issue = async |scope: &str| {
            owner.client.post("/auth/tokens", &json!({"name": scope, "scopes": [scope]})).await.expect(201)
        };
        let with = |issued: &Value| owner.client.with_token(&text(&issued["token"]));
        let (sync, read, victim) = (issue("sync").await, issue("read").await, issue("read").await);
        let (anonymous, themselves) = (owner.client.anonymous(), owner.client.clone());
        Self {
            clients: vec![anonymous, other.client.clone(), admin.client, with(&sync), with(&read), themselves],
            achievement: text(&unlocked["id"]),
            project: text(&project["id"]),
            session: text(&session["id"]),
            token: text(&victim["id"]),
            owner,
            other,
        }
    }

    /// `path` with its parameters replaced by the owner's names and ids.
    fn fill(&self, path: &str) -> String {
        let id = match path {
            path if path.contains("/auth/sessions/") => &self.session,
            path if path.contains("/auth/tokens/") => &self.token,
            path if path.contains("/admin/queue/") || path.contains("/admin/invitations/") => {
                "00000000-0000-0000-0000-000000000000"
            }
            path if path.contains("/admin/prices/") => "9007199254740991",
            path if path.contains("/projects/") => &self.project,
            path if path.contains("/achievements/") => &self.achievement,
            _ => "",
        };
        // The account that the owner accepts, declines or removes is the other.
        let username = if path.contains("/users/me/") { &self.other.username } else { &self.owner.username };
        let filled = [
            ("{id}", id),
            ("{username}", username),
            ("{a}", &self.owner.username),
            ("{b}", &self.other.username),
            ("{provider}", "github"),
            ("{season}", "2026-10"),
        ]
        .into_iter()
        .fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
        assert!(!filled.contains('{') && !filled.contains("//"), "a parameter of {path} has no value here");
        if path == "/sync/state" { filled + "?source=claude-code" } else { filled }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The operations of the OpenAPI document, each with the example of its body.
async fn operations(server: &Server) -> Vec<(Method, String, Option<Value>)> {
    let document = server.client().get("/openapi.json").await.expect(200);
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let path = path.strip_prefix("/api/v1").unwrap_or_else(|| panic!("{path} is not below /api/v1"));
        for (method, operation) in item.as_object().expect("operations") {
            let body = operation.pointer("/requestBody/content/application~1json");
            let example = body.map(|body| body["example"].clone());
            operations.push((method.to_uppercase().parse().expect("a method"), path.to_owned(), example));
        }
    }
    operations
}

#[tokio::test]
async fn operations_permit_exactly_the_decided_callers() {
    let server = Server::start().await;
    let decisions: BTreeMap<&str, [u16; 6]> = DECISIONS.iter().copied().collect();
    assert_eq!(decisions.len(), DECISIONS.len(), "an operation is decided twice");
    let mut undecided: Vec<&str> = decisions.keys().copied().collect();
    // Reads change nothing, so all of them share one set of callers.
    let readers = Callers::new(&server, "readers").await;
    let mut wrong = Vec::new();
    for (number, (method, path, body)) in operations(&server).await.into_iter().enumerate() {
        let name = format!("{method} {path}");
        let own = if method == Method::GET { None } else { Some(Callers::new(&server, &number.to_string()).await) };
        let cast = own.as_ref().unwrap_or(&readers);
        let path = cast.fill(&path);
        let mut answered = [0; 6];
        for (caller, status) in cast.clients.iter().zip(&mut answered) {
            let request = caller.request(method.clone(), &path);
            let request = if let Some(body) = &body { request.json(body) } else { request };
            *status = caller.status(request).await;
        }
        undecided.retain(|decided| *decided != name);
        match decisions.get(&*name) {
            Some(decided) if *decided == answered => {}
            Some(decided) => wrong.push(format!("{name}: {answered:?} is not what was decided: {decided:?}")),
            None => wrong.push(format!("no decision: (\"{name}\", {answered:?}),")),
        }
    }
    assert!(wrong.is_empty(), "for {CALLERS:?}\n{}", wrong.join("\n"));
    assert!(undecided.is_empty(), "decisions without an operation: {undecided:?}");
}

/// The owner's profile is public, and the other user follows it.
#[tokio::test]
async fn project_names_are_shown_to_the_owner_alone() {
    const PROJECT: &str = "unannounced-merger";
    let server = Server::start().await;
    let cast = Callers::new(&server, "projects").await;
    cast.owner.change(json!({"is_public": true})).await;
    cast.owner.sync(&Batch::of([TestMessage::new("m2").output(70_000).project(PROJECT)])).await;
    server.database().run("worker", &["run-once", "leaderboard"]);
    let mut shown = Vec::new();
    for (_, path, _) in operations(&server).await.into_iter().filter(|(method, ..)| method == Method::GET) {
        // A stream has no end; what it sends is what the feed shows.
        if path == "/feed/stream" {
            continue;
        }
        for (caller, client) in CALLERS.iter().zip(&cast.clients) {
            if client.get(&cast.fill(&path)).await.text.contains(PROJECT) {
                shown.push(format!("{caller}: {path}"));
            }
        }
    }
    shown.sort();
    assert_eq!(shown, ["owner: /dashboard/projects", "owner: /users/me/export", "read token: /dashboard/projects"]);
}
