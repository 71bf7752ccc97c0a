//! Referrals: registering by a link, naming a code later, and the XP paid.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{ApiResponse, Batch, Client, Server, TestMessage, TestUser};

async fn code(user: &TestUser) -> String {
    user.get("/referrals/code").await["code"].as_str().expect("a code").to_owned()
}

async fn sign_up(server: &Server, name: &str, code: &str) -> TestUser {
    TestUser::register_with(server, name, json!({"referral_code": code})).await
}

async fn track(user: &TestUser, code: &str) -> ApiResponse {
    user.client.post("/referrals/track", &json!({"referral_code": code})).await
}

async fn first_sync(user: &TestUser) -> Value {
    user.sync(&Batch::of([TestMessage::new("m1").output(7)])).await
}

async fn stats(user: &TestUser) -> Value {
    user.get("/referrals/stats").await
}

/// The XP of an account without those of achievements: in these stories, of active days and referrals.
async fn xp_without_achievements(user: &TestUser) -> u64 {
    let level = user.get(&format!("/users/{}/level", user.username)).await;
    let page = user.get(&format!("/users/{}/achievements", user.username)).await;
    let unlocked = page["achievements"].as_array().expect("achievements").iter().filter(|one| one["unlocked"] == true);
    // Each achievement is at most at its first tier here.
    let rewards: u64 = unlocked.map(|one| one["xp_reward"].as_u64().expect("XP")).sum();
    level["xp"].as_u64().expect("XP") - rewards
}

#[tokio::test]
async fn first_sync_pays_three_referrers() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let bob = sign_up(&server, "bob", &code(&ada).await).await;
    let cid = sign_up(&server, "cid", &code(&bob).await.to_lowercase()).await;
    let dan = sign_up(&server, "dan", &code(&cid).await).await;
    let all_users = [&ada, &bob, &cid, &dan];

    let levels = |one: u64, two: u64, three: u64| json!({"level1": one, "level2": two, "level3": three});
    let totals = [levels(1, 1, 1), levels(1, 1, 0), levels(1, 0, 0), levels(0, 0, 0)];
    for (user, totals) in all_users.iter().zip(&totals) {
        let stats = stats(user).await;
        assert_eq!((&stats["total_referrals"], &stats["total_xp_earned"]), (totals, &json!(0)), "{}", user.username);
    }
    let waiting = &stats(&cid).await["referred_users"][0];
    assert_eq!(
        (&waiting["username"], &waiting["active"], &waiting["xp_earned"]),
        (&json!("dan"), &json!(false), &json!(0))
    );

    // Only the first sync pays; a dry run does not.
    dan.sync(&Batch::of([TestMessage::new("m1").output(7)]).with("dryRun", true)).await;
    assert_eq!(stats(&cid).await["total_xp_earned"], json!(0));
    for _ in 0..2 {
        first_sync(&dan).await;
        dan.sync(&Batch::of([TestMessage::new("m2").output(7)])).await;
        for (user, xp) in all_users.iter().zip([json!(2.5), json!(6.25), json!(25), json!(0)]) {
            assert_eq!(stats(user).await["total_xp_earned"], xp, "{}", user.username);
        }
    }
    let paid = &stats(&cid).await["referred_users"][0];
    assert_eq!((&paid["active"], &paid["xp_earned"], &paid["level"]), (&json!(true), &json!(25), &json!(1)));
    for (user, floor) in all_users.iter().zip([2, 6, 25, 10]) {
        assert_eq!(xp_without_achievements(user).await, floor, "{}", user.username);
    }

    // Fractions add up before they are rounded: 2.5 for Dan, 6.25 for Cid, 25 for Bob.
    first_sync(&cid).await;
    first_sync(&bob).await;
    assert_eq!(stats(&ada).await["total_xp_earned"], json!(33.75));
    assert_eq!(xp_without_achievements(&ada).await, 33);
    server.assert_sums_are_right();
    for user in all_users {
        server.assert_rebuild_changes_nothing(&user.username);
    }
}

#[tokio::test]
async fn referral_code_is_stable_and_shown_to_owner_only() {
    let server = Server::start_with(&[("FRONTEND_URL", "https://app.example.org/")]).await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    // The first request that needs the code creates it.
    let shown = ada.get("/users/ada").await["referral_code"].as_str().expect("a code").to_owned();
    let changed = bob.change(json!({"bio": "x"})).await["referral_code"].as_str().expect("a code").to_owned();
    for (user, code) in [(&ada, &shown), (&bob, &changed)] {
        let link = json!({"code": code, "url": format!("https://app.example.org/?ref={code}")});
        assert_eq!(user.get("/referrals/code").await, link);
        assert!(code.len() == 8 && !code.contains(['I', 'L', 'O', 'U']), "{code}");
    }
    assert_ne!(shown, changed);
    assert!(bob.get("/users/ada").await.get("referral_code").is_none());
    assert!(server.client().get("/users/ada").await.expect(200).get("referral_code").is_none());
}

#[tokio::test]
async fn referral_code_named_after_first_sync_pays_at_once() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let bob = sign_up(&server, "bob", &code(&ada).await).await;
    let (eve, tim) = (TestUser::register(&server, "eve").await, TestUser::register(&server, "tim").await);
    first_sync(&eve).await;
    let paid = track(&eve, &code(&bob).await).await.expect(200);
    assert_eq!(paid, json!({"success": true, "xp_awarded": {"level1": 25, "level2": 6.25, "level3": 0}}));
    let later = track(&tim, &code(&bob).await).await.expect(200);
    assert_eq!(later, json!({"success": true, "xp_awarded": {"level1": 0, "level2": 0, "level3": 0}}));
    assert_eq!(stats(&bob).await["total_xp_earned"], json!(25));
    first_sync(&tim).await;
    assert_eq!(stats(&bob).await["total_xp_earned"], json!(50));
    assert_eq!(stats(&ada).await["total_xp_earned"], json!(12.5));
    server.assert_sums_are_right();
}

#[tokio::test]
async fn account_has_one_referrer_other_than_itself() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let adas = code(&ada).await;
    track(&ada, &adas).await.expect_error(400, "BAD_REQUEST");
    let bob = sign_up(&server, "bob", &adas).await;
    let cid = sign_up(&server, "cid", &code(&bob).await).await;
    for below in [&bob, &cid] {
        track(&ada, &code(below).await).await.expect_error(400, "BAD_REQUEST");
    }
    let eve = TestUser::register(&server, "eve").await;
    track(&cid, &code(&eve).await).await.expect_error(409, "CONFLICT");
    let unknown = track(&eve, "ZZZZZZZZ").await.expect_error(404, "NOT_FOUND");
    assert_eq!(unknown, json!({"resource": "ReferralCode", "field": "referral_code", "value": "ZZZZZZZZ"}));
    track(&ada, &code(&eve).await).await.expect(200);
    server.database().rows("UPDATE users SET created_at = created_at - interval '24 hours' WHERE username = 'eve'");
    let frank = TestUser::register(&server, "frank").await;
    let too_late = track(&eve, &code(&frank).await).await;
    too_late.expect_error(400, "BAD_REQUEST");
    assert!(too_late.json["detail"].as_str().is_some_and(|detail| detail.contains("24 hours")), "{}", too_late.text);
}

#[tokio::test]
async fn registration_with_unknown_referral_code_succeeds() {
    let server = Server::start().await;
    for (name, code) in [("ada", "ZZZZZZZZ"), ("bob", "whatever it was"), ("cid", "")] {
        sign_up(&server, name, code).await;
    }
    assert_eq!(server.database().number("SELECT count(*) FROM referrals"), 0);
    let body = json!({"email": "x@example.org", "password": tests::PASSWORD, "username": "xyz", "referral_code": 7});
    let problems = server.client().post("/auth/register", &body).await.problems();
    assert_eq!(problems, ["body.referral_code string_type"]);
}

#[tokio::test]
async fn referral_click_is_counted_once_a_day_and_converted() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let code = code(&ada).await;
    let click = async |client: &Client, code: &str, browser: &str| {
        let request = client.request(reqwest::Method::POST, "/referrals/click").header("user-agent", browser);
        let answer = client.send(request.json(&json!({"referral_code": code}))).await;
        assert_eq!(answer.expect(200), json!({"success": true}));
    };
    let client = server.client();
    for browser in ["one", "two", "one", "three", "four", "two"] {
        click(&client, &code, browser).await;
    }
    click(&client, "ZZZZZZZZ", "one").await;
    let clicks = |total: u64, converted: u64, rate: f64| json!({"total": total, "converted": converted, "conversion_rate": rate});
    assert_eq!(stats(&ada).await["click_stats"], clicks(4, 0, 0.0));
    let body =
        json!({"email": "bob@example.org", "password": tests::PASSWORD, "username": "bob", "referral_code": code});
    let request = client.request(reqwest::Method::POST, "/auth/register").header("user-agent", "three");
    client.send(request.json(&body)).await.expect(201);
    assert_eq!(stats(&ada).await["click_stats"], clicks(4, 1, 0.25));
    let rank = "SELECT count(*) FROM referral_clicks WHERE clicked_at <=
                (SELECT clicked_at FROM referral_clicks WHERE converted_at IS NOT NULL)";
    assert_eq!(server.database().number(rank), 3, "the third visitor registered");
    let kept = server.database().rows("SELECT referral_clicks::text FROM referral_clicks");
    assert!(!kept.contains("127.0.0.1") && !kept.contains("three"), "{kept}");
}

#[tokio::test]
async fn referrer_sees_name_and_picture_of_private_accounts() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let bob = sign_up(&server, "bob", &code(&ada).await).await;
    first_sync(&bob).await;
    bob.change(json!({"is_public": false, "name": "Bob"})).await;
    let shown = stats(&ada).await;
    let closed = json!({"id": bob.id, "username": "bob", "name": "Bob", "image": null, "level": null,
                        "joined_at": null, "active": null, "xp_earned": null});
    assert_eq!((&shown["referred_users"], &shown["total_xp_earned"]), (&json!([closed]), &json!(25)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_first_syncs_pay_referrers_once() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let newcomers = join_all((0..4).map(async |n| sign_up(&server, &format!("new{n}"), &code(&ada).await).await)).await;
    let syncs = newcomers.iter().flat_map(|newcomer| {
        (0..8).map(|n| {
            let newcomer = newcomer.clone();
            let batch = Batch::of([TestMessage::new(format!("m{n}")).output(7)]).machine(&format!("machine{n}"));
            tokio::spawn(async move { newcomer.sync(&batch).await })
        })
    });
    for sync in join_all(syncs.collect::<Vec<_>>()).await {
        assert_eq!(sync.expect("a sync")["messagesSynced"], 1);
    }
    assert_eq!(stats(&ada).await["total_xp_earned"], json!(100));
    server.assert_sums_are_right();
    for newcomer in newcomers {
        server.assert_rebuild_changes_nothing(&newcomer.username);
    }
}
