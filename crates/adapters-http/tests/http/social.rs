//! Following and comparing, over the wire.

use std::collections::BTreeSet;

use domain::accounts::ports::Locks;
use domain::testing::TestUnitOfWork;
use domain::usage::testing::account;
use serde_json::{Value, json};

use crate::support::client::TestResponse;
use crate::support::world::{ADA, BOB, World, ada, bob, stranger, user};

/// A store in which Ada and Bob are found, and where nothing about follows was there before.
fn store(tx: &mut TestUnitOfWork) {
    tx.users.expect_find_by_username().returning(|name| {
        let found = [ADA, BOB].map(user).into_iter().find(|user| user.username == *name);
        Ok(found.map(|user| (user, None)))
    });
    tx.users.expect_find().returning(|id| Ok(Some(user(id))));
    tx.accounts.expect_try_lock_all().returning(|users| {
        Ok(Locks { accounts: users.iter().map(|user| (*user, account())).collect(), busy: Vec::new() })
    });
    tx.expect_settling(BTreeSet::new());
    tx.follows.expect_insert().returning(|_| Ok(true));
    tx.follows.expect_insert_request().returning(|_| Ok(true));
    tx.follows.expect_exists().returning(|_, _| Ok(false));
    tx.follows.expect_has_requested().returning(|_, _| Ok(false));
    tx.follows.expect_remove().returning(|_, _| Ok(false));
    tx.follows.expect_remove_request().returning(|_, _| Ok(false));
}

async fn ask(world: World, method: &str, path: &str, token: &str) -> TestResponse {
    world.serve().request(method, &format!("/api/v1/users{path}")).bearer(token).send().await
}

#[actix_web::test]
async fn follow_of_a_public_profile_is_immediate_and_of_a_private_one_a_request() {
    let answer = ask(World::new().storing(store), "POST", "/aDa/follow", &bob()).await;
    let follow = json!({"follower_id": BOB.0, "following_id": ADA.0, "created_at": "2026-11-22T12:34:56.789Z"});
    assert_eq!((answer.status, answer.json()), (201, follow));
    let answer = ask(World::new().storing(store), "POST", "/bob/follow", &ada()).await;
    assert_eq!((answer.status, answer.json()), (202, json!({"status": "requested"})));
}

#[actix_web::test]
async fn second_follow_is_a_conflict() {
    let there = |tx: &mut TestUnitOfWork| {
        tx.follows.expect_insert().returning(|_| Ok(false));
        tx.follows.expect_insert_request().returning(|_| Ok(false));
        store(tx);
    };
    let details = |resource, value| json!({"resource": resource, "field": "username", "value": value});
    let answer = ask(World::new().storing(there), "POST", "/ada/follow", &bob()).await;
    answer.assert_error(409, "CONFLICT", &details("Follow", "Ada"));
    let answer = ask(World::new().storing(there), "POST", "/bob/follow", &ada()).await;
    answer.assert_error(409, "CONFLICT", &details("FollowRequest", "Bob"));
    let friends = |tx: &mut TestUnitOfWork| {
        tx.follows.expect_exists().returning(|_, _| Ok(true));
        store(tx);
    };
    let answer = ask(World::new().storing(friends), "POST", "/bob/follow", &ada()).await;
    answer.assert_error(409, "CONFLICT", &details("Follow", "Bob"));
}

#[actix_web::test]
async fn unfollow_without_a_follow_is_no_error() {
    for (method, path) in
        [("DELETE", "/bob/follow"), ("DELETE", "/me/followers/bob"), ("DELETE", "/me/follow-requests/bob")]
    {
        let answer = ask(World::new().storing(store), method, path, &ada()).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}");
    }
    let answer = ask(World::new().storing(store), "POST", "/me/follow-requests/bob", &ada()).await;
    let details = json!({"resource": "FollowRequest", "field": "username", "value": "Bob"});
    answer.assert_error(404, "NOT_FOUND", &details);
    let with_request = |tx: &mut TestUnitOfWork| {
        tx.follows.expect_has_requested().returning(|_, _| Ok(true));
        tx.follows.expect_remove_request().returning(|_, _| Ok(true));
        store(tx);
    };
    assert_eq!(ask(World::new().storing(with_request), "POST", "/me/follow-requests/bob", &ada()).await.status, 204);
}

#[actix_web::test]
async fn follow_of_oneself_or_of_an_unknown_user_is_refused() {
    for (method, path) in [
        ("POST", "/{}/follow"),
        ("DELETE", "/{}/follow"),
        ("DELETE", "/me/followers/{}"),
        ("POST", "/me/follow-requests/{}"),
        ("DELETE", "/me/follow-requests/{}"),
    ] {
        let path = |name| path.replace("{}", name);
        let answer = ask(World::new().storing(store), method, &path("ada"), &ada()).await;
        answer.assert_error(400, "BAD_REQUEST", &json!({}));
        let details = json!({"resource": "User", "field": "username", "value": "nobody"});
        ask(World::new().storing(store), method, &path("nobody"), &ada()).await.assert_error(
            404,
            "NOT_FOUND",
            &details,
        );
        ask(World::new(), method, &path("x"), &stranger()).await.assert_error(401, "UNAUTHORIZED", &json!({}));
    }
    ask(World::new(), "GET", "/me/follow-requests?size=0", &stranger()).await.assert_error(
        401,
        "UNAUTHORIZED",
        &json!({}),
    );
}

#[actix_web::test]
async fn follow_lists_are_pages_for_callers_who_can_see_the_profile() {
    let client = World::new().serve();
    let item = |since: &str| {
        json!({
            "id": ADA.0, "username": "Ada", "name": "Ada Example", "image": "https://example.org/me.png",
            "bio": "Counts tokens.", "level": 2, since: "2026-11-22T12:34:56.789Z",
        })
    };
    let page = |since: &str| json!({"items": [item(since)], "total": 101, "page": 2, "size": 10, "pages": 11});
    for list in ["followers", "following"] {
        let path = format!("/api/v1/users/ada/{list}?page=2&size=10");
        let answer = client.get(&path).await;
        assert_eq!((answer.status, answer.json()), (200, page("followed_at")), "{list}");
        assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
        let problems = client.get(&format!("/api/v1/users/ada/{list}?page=0&size=101")).await.problems();
        assert_eq!(problems, [r#"["query","page"] greater_than_equal"#, r#"["query","size"] less_than_equal"#]);
    }
    for path in ["followers?page=0", "following", "follow-stats"] {
        let path = format!("/api/v1/users/bob/{path}");
        client.get(&path).await.assert_error(403, "FORBIDDEN", &json!({}));
        let path = path.split('?').next().unwrap_or_default();
        assert_eq!(client.request("GET", path).bearer(&ada()).send().await.status, 200, "{path}");
    }
    let answer = client.request("GET", "/api/v1/users/me/follow-requests?page=2&size=10").bearer(&bob()).send().await;
    assert_eq!((answer.status, answer.json()), (200, page("requested_at")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn follow_stats_show_the_callers_relation() {
    let client = World::new().serve();
    let stats = |following: Value, follows_me: Value| json!({"followers_count": 3, "following_count": 2, "is_following": following, "follows_me": follows_me});
    let path = "/api/v1/users/ada/follow-stats";
    assert_eq!(client.get(path).await.json(), stats(Value::Null, Value::Null));
    let known = client.request("GET", path).bearer(&bob()).send().await;
    assert_eq!(known.json(), stats(json!(true), json!(false)));
}

#[actix_web::test]
async fn comparison_has_amounts_as_text() {
    let client = World::new().serve();
    let side = |id: Value, name: &str| {
        json!({
            "id": id, "created_at": "2026-11-22T12:34:56.789Z", "updated_at": "2026-11-22T12:34:56.789Z",
            "username": name, "name": format!("{name} Example"), "image": "https://example.org/me.png",
            "tokens": {"total": 112_250, "input": 3000, "output": 6000, "cache_read": 9000, "cache_write": 12000,
                       "reasoning": 1250},
            "cost": {"total": "0.3508"}, "monthly_tokens": 10_000_000, "monthly_badge": "Power User",
            "streak": {"current": 3, "longest": 3}, "level": 2,
            "top_models": [{"model": "claude-sonnet-4-5", "total_tokens": 3, "total_cost": "0.3508"}],
            "top_sources": [{"source": "claude-code", "total_tokens": 3, "total_cost": "12"}],
        })
    };
    let both = json!({"user_a": side(json!(BOB.0), "Bob"), "user_b": side(json!(ADA.0), "Ada")});
    let answer = client.request("GET", "/api/v1/users/BOB/compare/aDa").bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.json()), (200, both));
    for (a, b, missing) in
        [("ada", "bob", "bob"), ("bob", "ada", "bob"), ("ada", "x", "x"), ("nobody", "ada", "nobody")]
    {
        let details = json!({"resource": "User", "field": "username", "value": missing});
        let answer = client.get(&format!("/api/v1/users/{a}/compare/{b}")).await;
        answer.assert_error(404, "NOT_FOUND", &details);
    }
}
