//! API tokens and what they open, over the wire.

use domain::identity::ports::MockApiTokenRepository;
use domain::identity::{ApiToken, Scopes, Secret, TokenScope};
use domain::ids::ApiTokenId;
use domain::usage::testing::account;
use domain::users::Presence;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::world::{ADA, ALL_SCOPES, NOW, World, ada, api_token};

const PATH: &str = "/api/v1/auth/tokens";

fn stored() -> ApiToken {
    ApiToken {
        id: ApiTokenId(Uuid::from_u128(7)),
        user: ADA,
        hash: Secret::api_token([7; 32]).hash(),
        name: "laptop".into(),
        scopes: Scopes { sync: true, read: false },
        created_at: NOW,
        expires_at: None,
        last_used_at: Some(NOW),
    }
}

fn world(prepare: impl Fn(&mut MockApiTokenRepository) + Send + Sync + 'static) -> World {
    World::new().storing(move |tx| {
        tx.accounts.expect_lock().returning(|_| Ok(Some(account())));
        tx.users.expect_hold().returning(|_| Ok(Some(Presence::Here)));
        tx.sessions.expect_is_open().returning(|_, _, _| Ok(true));
        prepare(&mut tx.api_tokens);
    })
}

#[actix_web::test]
async fn api_token_is_shown_once() {
    let world = world(|tokens| {
        tokens.expect_of().returning(|_, _| Ok(Vec::new()));
        tokens.expect_insert().withf(|token| token.name == "laptop" && token.user == ADA).returning(|_| Ok(()));
    });
    let body = json!({"name": "laptop", "scopes": ["sync"], "expires_at": "2027-01-01T00:00:00Z"});
    let answer = world.serve().request("POST", PATH).bearer(&ada()).json(&body).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
    let mut issued = answer.json();
    let token = issued["token"].take();
    assert!(token.as_str().is_some_and(|token| token.starts_with("t_") && token.len() == 45), "{token}");
    assert!(issued["id"].take().is_string());
    let expected = json!({
        "id": null, "token": null, "name": "laptop", "scopes": ["sync"], "created_at": "2026-11-22T12:34:56.789Z",
        "expires_at": "2027-01-01T00:00:00Z", "last_used_at": null,
    });
    assert_eq!(issued, expected);
}

#[actix_web::test]
async fn api_token_request_is_validated() {
    let client = world(|tokens| {
        tokens.expect_of().returning(|_, _| Ok(vec![stored(); 50]));
    })
    .serve();
    let ask = async |body: Value| client.request("POST", PATH).bearer(&ada()).json(&body).send().await;
    for (body, loc, kind) in [
        (json!({"scopes": ["sync"]}), json!(["body", "name"]), "missing"),
        (json!({"name": "", "scopes": ["sync"]}), json!(["body", "name"]), "string_too_short"),
        (json!({"name": "a\nb", "scopes": ["sync"]}), json!(["body", "name"]), "value_error"),
        (json!({"name": "a\u{202E}b", "scopes": ["sync"]}), json!(["body", "name"]), "value_error"),
        (json!({"name": "a", "scopes": []}), json!(["body", "scopes"]), "too_short"),
        (json!({"name": "a", "scopes": ["sync", "admin"]}), json!(["body", "scopes", 1]), "enum"),
        (
            json!({"name": "a", "scopes": ["read"], "expires_at": "soon"}),
            json!(["body", "expires_at"]),
            "datetime_parsing",
        ),
    ] {
        let answer = ask(body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
        let problem = &answer.json()["detail"][0];
        assert_eq!((&problem["loc"], &problem["type"]), (&loc, &json!(kind)), "{body}");
    }
    let over = ask(json!({"name": "a", "scopes": ["read"], "expires_at": "2026-11-22T12:34:56Z"})).await;
    over.assert_error(400, "BAD_REQUEST", &json!({}));
    let many = ask(json!({"name": "a", "scopes": ["read"], "expires_at": null})).await;
    many.assert_error(409, "CONFLICT", &json!({"resource": "ApiToken", "field": "user_id"}));
}

#[actix_web::test]
async fn api_tokens_are_listed_without_secret_and_revoked() {
    let client = world(|tokens| {
        tokens.expect_of().returning(|_, _| Ok(vec![stored()]));
        tokens.expect_delete().returning(|_, id| Ok(id == stored().id));
    })
    .serve();
    let listed = client.request("GET", PATH).bearer(&ada()).send().await;
    let expected = json!([{
        "id": stored().id.0, "name": "laptop", "scopes": ["sync"], "created_at": "2026-11-22T12:34:56.789Z",
        "expires_at": null, "last_used_at": "2026-11-22T12:34:56.789Z",
    }]);
    assert_eq!((listed.status, listed.json()), (200, expected));
    let revoke = async |id: Uuid| client.request("DELETE", &format!("{PATH}/{id}")).bearer(&ada()).send().await;
    assert_eq!(revoke(stored().id.0).await.status, 204);
    let unknown = Uuid::from_u128(8);
    let details = json!({"resource": "ApiToken", "field": "id", "value": unknown});
    revoke(unknown).await.assert_error(404, "NOT_FOUND", &details);
}

/// Whether an API token with `scopes` is documented to do `operation`.
fn is_documented(operation: &Value, scopes: Scopes) -> bool {
    let ways = operation["security"].as_array().into_iter().flatten();
    let mut named = ways.filter_map(|way| way["bearer"].as_array()).flatten();
    named.any(|name| name.as_str().and_then(TokenScope::parse).is_some_and(|scope| scopes.contains(scope)))
}

#[actix_web::test]
async fn api_token_opens_exactly_the_documented_operations() {
    let client = World::new().serve();
    let document = client.get("/api/v1/openapi.json").await.json();
    let mut opened = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let ways = operation["security"].as_array();
            let required = ways.is_some_and(|ways| !ways.contains(&json!({})));
            let path = path.replace("{id}", &Uuid::nil().to_string()).replace(['{', '}'], "");
            for scopes in ALL_SCOPES {
                let allowed = is_documented(operation, scopes);
                opened += usize::from(allowed);
                let answer = client.request(&method.to_uppercase(), &path).bearer(&api_token(scopes)).send().await;
                let refused = answer.status == 403
                    && answer.json()["detail"]
                        == "The scopes of this API token do not permit this request. Use a token with the needed scope.";
                assert_eq!(refused, required && !allowed, "{method} {path} {scopes:?}: {}", answer.status);
            }
        }
    }
    assert!(opened > 20, "{opened}");
}
