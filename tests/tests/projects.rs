//! Projects on profiles.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Server, TestUser};

const LIMIT: usize = 20;

async fn list(user: &TestUser, whose: &str) -> Vec<Value> {
    user.get(&format!("/users/{whose}/projects")).await.as_array().expect("an array").clone()
}

async fn add(user: &TestUser, body: Value) -> Value {
    user.client.post("/projects", &body).await.expect(201)
}

#[tokio::test]
async fn project_is_added_changed_refreshed_and_deleted() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    assert_eq!(list(&bob, "ada").await, [] as [Value; 0]);

    let plain = add(&ada, json!({"url": "https://example.org/plain"})).await;
    let expected = json!({
        "id": plain["id"], "created_at": plain["created_at"], "updated_at": plain["created_at"],
        "url": "https://example.org/plain", "title": null, "description": null, "og_image_url": null,
        "og_description": null, "favicon_url": null, "is_featured": false,
    });
    assert_eq!(plain, expected);
    let full = json!({"url": "http://example.org", "title": "Engine", "description": "One\nTwo", "is_featured": true});
    let full = add(&ada, full).await;
    let newest = add(&ada, json!({"url": "https://example.org/new", "title": null, "is_featured": false})).await;
    assert_eq!(list(&bob, "ADA").await, [full.clone(), newest.clone(), plain.clone()], "featured, then the newest");

    let path = |project: &Value| format!("/projects/{}", project["id"].as_str().expect("an id"));
    let change = json!({"title": "Difference engine", "description": null, "url": null, "is_featured": false});
    let changed = ada.client.patch(&path(&full), &change).await.expect(200);
    assert_eq!(
        [&changed["title"], &changed["description"], &changed["url"], &changed["is_featured"]],
        [&json!("Difference engine"), &Value::Null, &full["url"], &json!(false)]
    );
    assert_eq!((&changed["id"], &changed["created_at"]), (&full["id"], &full["created_at"]));
    let refresh = ada.client.request(Method::POST, &format!("{}/refresh", path(&full)));
    assert_eq!(ada.client.send(refresh).await.expect(200), changed);

    for id in [path(&full), "/projects/00000000-0000-7000-8000-000000000404".to_owned()] {
        bob.client.patch(&id, &json!({"title": "Mine"})).await.expect_error(404, "NOT_FOUND");
        bob.client.delete(&id).await.expect_error(404, "NOT_FOUND");
        bob.client.post(&format!("{id}/refresh"), &json!({})).await.expect_error(404, "NOT_FOUND");
    }
    assert_eq!(ada.client.delete(&path(&plain)).await.status, 204);
    ada.client.delete(&path(&plain)).await.expect_error(404, "NOT_FOUND");
    assert_eq!(list(&ada, "ada").await, [newest, changed]);
}

#[tokio::test]
async fn projects_of_private_profile_are_forbidden_to_others() {
    let server = Server::start().await;
    let [ada, bob, eve] = [
        TestUser::register(&server, "ada").await,
        TestUser::register(&server, "bob").await,
        TestUser::register(&server, "eve").await,
    ];
    add(&ada, json!({"url": "https://example.org"})).await;
    bob.client.post("/users/ada/follow", &json!({})).await.expect(201);
    ada.change(json!({"is_public": false})).await;
    assert_eq!((list(&ada, "ada").await.len(), list(&bob, "ada").await.len()), (1, 1));
    eve.client.get("/users/ada/projects").await.expect_error(403, "FORBIDDEN");
    server.client().get("/users/ada/projects").await.expect_error(403, "FORBIDDEN");
    eve.client.get("/users/nobody_here/projects").await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn twenty_first_project_and_invalid_values_are_refused() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for (body, problem) in [
        (json!({"title": "No address"}), "body.url missing"),
        (json!({"url": "ftp://example.org"}), "body.url string_pattern_mismatch"),
        (json!({"url": "javascript:alert(1)"}), "body.url string_pattern_mismatch"),
        (json!({"url": "https://example.org", "title": ""}), "body.title string_too_short"),
        (json!({"url": "https://example.org", "title": "x".repeat(101)}), "body.title string_too_long"),
        (json!({"url": "https://example.org", "title": "two\nlines"}), "body.title value_error"),
        (json!({"url": "https://example.org", "description": "x".repeat(501)}), "body.description string_too_long"),
    ] {
        assert_eq!(ada.client.post("/projects", &body).await.problems(), [problem], "{body}");
    }
    let body = json!({"url": "https://example.org"});
    for _ in 0..LIMIT {
        add(&ada, body.clone()).await;
    }
    ada.client.post("/projects", &body).await.expect_error(409, "CONFLICT");
    assert_eq!(list(&ada, "ada").await.len(), LIMIT);
}
