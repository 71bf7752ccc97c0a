//! Follows, follow requests, and visibility.

use serde_json::{Value, json};
use tests::{Batch, Server, TestMessage, TestUser};

/// All routes that show the usage or the follows of an account.
const PRIVATE: [&str; 9] =
    ["stats", "level", "tools", "models", "trends", "heatmap", "followers", "following", "follow-stats"];

/// The statuses of these routes of the account `whose` for `viewer`.
async fn statuses(viewer: &tests::Client, whose: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for path in PRIVATE {
        statuses.push(viewer.get(&format!("/users/{whose}/{path}")).await.status);
    }
    statuses
}

async fn follow(who: &TestUser, whom: &TestUser) -> tests::ApiResponse {
    who.client.post(&format!("/users/{}/follow", whom.username), &json!({})).await
}

/// The usernames on a page.
fn names(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| item["username"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn private_profile_is_visible_to_accepted_followers_only() {
    let server = Server::start().await;
    let [ada, bob, eve] = [
        TestUser::register(&server, "ada").await,
        TestUser::register(&server, "bob").await,
        TestUser::register(&server, "eve").await,
    ];
    bob.sync(&Batch::of([TestMessage::new("m1").input(100)])).await;
    let anonymous = server.client();
    assert_eq!(statuses(&anonymous, "bob").await, [200; 9]);
    let before = follow(&eve, &bob).await.expect(201);
    assert_eq!((&before["follower_id"], &before["following_id"]), (&json!(eve.id), &json!(bob.id)));

    bob.change(json!({"is_public": false})).await;
    assert_eq!(statuses(&anonymous, "bob").await, [403; 9]);
    assert_eq!(statuses(&ada.client, "bob").await, [403; 9]);
    assert_eq!(statuses(&eve.client, "bob").await, [200; 9], "earlier followers stay");
    assert_eq!(statuses(&bob.client, "bob").await, [200; 9]);
    assert_eq!(ada.get("/users/bob").await["level"], Value::Null);

    assert_eq!(follow(&ada, &bob).await.expect(202), json!({"status": "requested"}));
    follow(&ada, &bob).await.expect_error(409, "CONFLICT");
    assert_eq!(statuses(&ada.client, "bob").await, [403; 9], "a request is not enough");
    assert_eq!(names(&bob.get("/users/me/follow-requests").await), ["ada"]);
    bob.client.post("/users/me/follow-requests/ada", &json!({})).await.expect(204);
    assert_eq!(statuses(&ada.client, "bob").await, [200; 9]);
    assert_eq!(ada.get("/users/BOB").await["level"], json!(1));
    assert_eq!(names(&bob.get("/users/bob/followers").await), ["ada", "eve"]);

    bob.client.delete("/users/me/followers/ada").await.expect(204);
    assert_eq!(statuses(&ada.client, "bob").await, [403; 9], "hidden on the next request");
    bob.change(json!({"is_public": true})).await;
    assert_eq!(statuses(&anonymous, "bob").await, [200; 9]);
}

#[tokio::test]
async fn follow_request_is_accepted_when_profile_turns_public() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    bob.change(json!({"is_public": false})).await;
    follow(&ada, &bob).await.expect(202);
    bob.change(json!({"is_public": true})).await;
    let stats = json!({"followers_count": 1, "following_count": 0, "is_following": true, "follows_me": false});
    assert_eq!(ada.get("/users/bob/follow-stats").await, stats);
    for _ in 0..2 {
        ada.client.delete("/users/bob/follow").await.expect(204);
    }
    assert_eq!(ada.get("/users/bob/follow-stats").await["followers_count"], 0);
    ada.client.post("/users/ada/follow", &json!({})).await.expect_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn private_account_in_list_shows_name_and_picture() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    bob.change(json!({"bio": "Counts tokens.", "is_public": false})).await;
    follow(&bob, &ada).await.expect(201);
    let listed = async |viewer: &tests::Client| {
        let page = viewer.get("/users/ada/followers?size=1").await.expect(200);
        assert_eq!((&page["total"], &page["size"], &page["pages"]), (&json!(1), &json!(1), &json!(1)));
        (page["items"][0]["username"].clone(), page["items"][0]["bio"].clone(), page["items"][0]["level"].clone())
    };
    let hidden = (json!("bob"), Value::Null, Value::Null);
    assert_eq!(listed(&server.client()).await, hidden);
    assert_eq!(listed(&ada.client).await, hidden);
    assert_eq!(listed(&bob.client).await, (json!("bob"), json!("Counts tokens."), json!(1)));
}

#[tokio::test]
async fn comparison_needs_visibility_of_both_accounts() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let messages = [("m1", "gpt-5", 4_000_000), ("m2", "gpt-5-mini", 1_000), ("m3", "nobody-knows-it", 7)];
    ada.sync(&Batch::of(messages.map(|(id, model, input)| TestMessage::new(id).model(model).input(input)))).await;

    let both = server.client().get("/users/ada/compare/BOB").await.expect(200);
    assert_eq!((&both["user_a"]["username"], &both["user_b"]["username"]), (&json!("ada"), &json!("bob")));
    let side = &both["user_a"];
    assert_eq!(side["tokens"]["total"], json!(4_001_007));
    let cost = ada.overview().await["total_cost"].to_string();
    assert_eq!(side["cost"]["total"].as_str(), Some(&*cost), "the same digits, as text");
    let models: Vec<_> = side["top_models"].as_array().expect("models").iter().map(|top| &top["model"]).collect();
    assert_eq!(models, ["gpt-5", "gpt-5-mini", "nobody-knows-it"]);
    assert_eq!(side["top_models"][2]["total_cost"], "0");
    assert_eq!(both["user_b"]["top_sources"], json!([]));

    bob.change(json!({"is_public": false})).await;
    let hidden = ada.client.get("/users/ada/compare/bob").await.expect_error(404, "NOT_FOUND");
    assert_eq!(hidden, json!({"resource": "User", "field": "username", "value": "bob"}));
    bob.get("/users/ada/compare/bob").await;
}
