//! Notifications: written once, if the kind is switched on, and removed when they are old.

use serde_json::{Value, json};
use tests::{Batch, Server, TestMessage, TestUser};

async fn follow(who: &TestUser, whom: &TestUser) -> tests::ApiResponse {
    who.client.post(&format!("/users/{}/follow", whom.username), &json!({})).await
}

/// The notifications of `user`, the newest first.
async fn notifications_of(user: &TestUser) -> Vec<Value> {
    user.get("/notifications?limit=100").await["notifications"].as_array().expect("a list").clone()
}

/// The notifications of `kind`.
async fn told_of(user: &TestUser, kind: &str) -> Vec<Value> {
    notifications_of(user).await.into_iter().filter(|notification| notification["type"] == kind).collect()
}

async fn unread(user: &TestUser) -> u64 {
    user.get("/notifications?limit=1").await["unread_count"].as_u64().expect("a count")
}

#[tokio::test]
async fn first_sync_and_follower_are_notified_and_marked_read() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let nothing = json!({"notifications": [], "total": 0, "unread_count": 0});
    assert_eq!(ada.get("/notifications").await, nothing);

    let unlocked = ada.sync(&Batch::of([TestMessage::new("m1").input(100)])).await["newAchievements"].clone();
    let news = told_of(&ada, "achievement_unlocked").await;
    assert_eq!(news.len(), unlocked.as_array().expect("a list").len());
    let first = news
        .iter()
        .find(|notifications_of| notifications_of["data"]["slug"] == "first-sync")
        .expect("a notification of the first sync");
    assert_eq!((&first["read"], &first["read_at"], &first["data"]["xp"]), (&json!(false), &Value::Null, &json!(50)));

    follow(&bob, &ada).await.expect(201);
    let [follower] = &told_of(&ada, "new_follower").await[..] else { panic!("one new follower") };
    assert_eq!(follower["message"], "bob follows you.");
    assert_eq!(follower["data"], json!({"user_id": bob.id, "username": "bob"}));

    let before = unread(&ada).await;
    assert_eq!(before, notifications_of(&ada).await.len() as u64, "nothing is read yet");
    let body = json!({"ids": [follower["id"], follower["id"], bob.id]});
    let marked = ada.client.post("/notifications/read", &body).await.expect(200);
    assert_eq!(marked, json!({"marked_count": 1}));
    assert_eq!(unread(&ada).await, before - 1);
    let left = ada.get("/notifications?unread_only=true&limit=1").await;
    assert_eq!((&left["total"], &left["unread_count"]), (&json!(before - 1), &json!(before - 1)));
    assert_ne!(left["notifications"][0]["id"], follower["id"]);
    let [follower] = &told_of(&ada, "new_follower").await[..] else { panic!("one notification") };
    assert!(follower["read"] == true && follower["read_at"].is_string(), "{follower}");

    assert_eq!(
        ada.client.post("/notifications/read", &body).await.expect(200)["marked_count"],
        0,
        "it was read before"
    );
    let all = ada.client.post("/notifications/read", &json!({"all": true})).await.expect(200);
    assert_eq!((all["marked_count"].as_u64(), unread(&ada).await), (Some(before - 1), 0));
}

#[tokio::test]
async fn notification_is_marked_read_by_both_routes_and_owner_only() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    ada.sync(&Batch::of([TestMessage::new("m1").input(100)])).await;
    follow(&bob, &ada).await.expect(201);
    let ids: Vec<Value> = notifications_of(&ada).await.iter().map(|notification| notification["id"].clone()).collect();
    let unread_before = unread(&ada).await;
    for path in ["/notifications", "/notifications/read"] {
        for body in [json!({"notificationIds": ids}), json!({"ids": ids}), json!({"markAll": true})] {
            bob.client.post(path, &body).await.expect(200);
        }
    }
    assert_eq!(unread(&ada).await, unread_before);

    let marked = ada.client.post("/notifications", &json!({"notificationIds": [ids[0]], "markAll": false})).await;
    assert_eq!(marked.header("cache-control"), Some("no-store"));
    assert_eq!(marked.expect(200), json!({"marked_count": 1}));
    let marked = ada.client.post("/notifications", &json!({"markAll": true})).await.expect(200);
    assert_eq!(marked["marked_count"].as_u64(), Some(unread_before - 1));
    assert_eq!(unread(&ada).await, 0);

    for (path, body, problem) in [
        ("/notifications", json!({}), "body.notificationIds missing"),
        ("/notifications/read", json!({}), "body.ids missing"),
        ("/notifications", json!({"notificationIds": [ids[0], "x"]}), "body.notificationIds.1 value_error"),
        ("/notifications/read", json!({"ids": [ids[0]], "all": true}), "body.all value_error"),
    ] {
        assert_eq!(ada.client.post(path, &body).await.problems(), [problem], "{path} {body}");
    }
}

#[tokio::test]
async fn notification_kind_switched_off_stops_and_old_ones_stay() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let [bob, cid, dan] = [
        TestUser::register(&server, "bob").await,
        TestUser::register(&server, "cid").await,
        TestUser::register(&server, "dan").await,
    ];
    let before = ada.get("/notifications/preferences").await;
    assert_eq!(before["in_app"].as_object().expect("kinds").len(), 7, "{before}");
    for (kind, wanted) in before["in_app"].as_object().expect("kinds") {
        let by_mail = ["weekly_summary", "streak_at_risk", "follow_request"].contains(&kind.as_str());
        assert_eq!((wanted, &before["email"][kind]), (&json!(true), &json!(by_mail)), "{kind}");
    }
    follow(&bob, &ada).await.expect(201);

    let change = json!({"in_app": {"new_follower": false}});
    let after = ada.client.patch("/notifications/preferences", &change).await.expect(200);
    let mut expected = before.clone();
    expected["in_app"]["new_follower"] = json!(false);
    assert_eq!((&after, &ada.get("/notifications/preferences").await), (&expected, &expected));
    assert_eq!(bob.get("/notifications/preferences").await, before, "other accounts keep their preferences");

    follow(&cid, &ada).await.expect(201);
    let followers = told_of(&ada, "new_follower").await;
    assert_eq!(
        followers.iter().map(|notifications_of| notifications_of["data"]["username"].clone()).collect::<Vec<_>>(),
        ["bob"]
    );
    assert_eq!(ada.get("/users/ada/follow-stats").await["followers_count"], 2, "the follow itself is stored");

    let change = json!({"in_app": {"new_follower": true}, "email": {"new_follower": false}});
    ada.client.patch("/notifications/preferences", &change).await.expect(200);
    follow(&dan, &ada).await.expect(201);
    assert_eq!(told_of(&ada, "new_follower").await.len(), 2);
    let problems = ada.client.patch("/notifications/preferences", &json!({"in_app": {"birthday": true}})).await;
    assert_eq!(problems.problems(), ["body.in_app.birthday enum"]);
}

#[tokio::test]
async fn follow_request_is_notified_once() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    bob.change(json!({"is_public": false})).await;
    for _ in 0..2 {
        follow(&ada, &bob).await.expect(202);
        let [request] = &told_of(&bob, "follow_request").await[..] else { panic!("one request") };
        assert_eq!(request["message"], "ada would like to follow you.");
        assert_eq!(request["data"], json!({"user_id": ada.id, "username": "ada"}));
        ada.client.delete("/users/bob/follow").await.expect(204);
    }
    assert_eq!(notifications_of(&ada).await, Vec::<Value>::new(), "the requester is not notified");
    assert!(told_of(&bob, "new_follower").await.is_empty());
}

#[tokio::test]
async fn cleanup_removes_old_notifications_and_reports_them() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for name in ["bob", "cid", "dan"] {
        follow(&TestUser::register(&server, name).await, &ada).await.expect(201);
    }
    let before = notifications_of(&ada).await.len();
    let database = server.database();
    let cleanup = || {
        let output = database.run("worker", &["run-once", "cleanup"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let (without_token, nothing) = (
        "0 days of ranks, 0 jobs, 0 audit records, 0 accounts purged (0 messages, 0 other rows)\n",
        "cleanup: removed 0 sessions and tokens",
    );
    assert_eq!(cleanup(), format!("{nothing}, 0 notifications (0 read, 0 unread), {without_token}"));
    for (name, age, read) in [("bob", "91 days", true), ("cid", "91 days", false), ("dan", "366 days", false)] {
        let read = if read { "now()" } else { "NULL" };
        database.rows(&format!(
            "UPDATE notifications SET created_at = now() - interval '{age}', read_at = {read}
             WHERE kind = 'new_follower' AND data ->> 'username' = '{name}'"
        ));
    }
    assert_eq!(cleanup(), format!("{nothing}, 2 notifications (1 read, 1 unread), {without_token}"));
    let [left] = &told_of(&ada, "new_follower").await[..] else { panic!("one notification") };
    assert_eq!((&left["data"]["username"], notifications_of(&ada).await.len()), (&json!("cid"), before - 2));
}
