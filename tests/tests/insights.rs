//! Insights: the benchmarks that the worker computes, and the comparison with them.

use serde_json::{Value, json};
use tests::{Batch, Server, TestMessage, TestUser, now};

/// Runs `job` now.
fn run_once(server: &Server, job: &str) -> String {
    let output = server.database().run("worker", &["run-once", job]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn insights_compare_with_benchmarks_once_computed() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    ada.client.get("/insights").await.expect(404);
    assert!(run_once(&server, "benchmarks").starts_with("benchmarks: 0 accounts compared"));
    let alone = ada.get("/insights").await;
    assert_eq!((&alone["community_total_users"], &alone["tokens_percentile"]), (&json!(0), &Value::Null));
    assert_eq!(alone["insights"][0]["type"], "community");

    // Ada uses 10,500 tokens, the others 1,000, 2,000, … 19,000; one of them is private, one is deleted.
    ada.sync(&Batch::of([TestMessage::new("m").at(now()).input(2_500).cache(7_500, 0).output(500)])).await;
    for number in 1..=20_u64 {
        let other = TestUser::register(&server, &format!("person_{number}")).await;
        other.sync(&Batch::of([TestMessage::new("m").at(now()).output(number * 1_000)])).await;
        if number == 1 {
            other.change(json!({"is_public": false})).await;
        }
        if number == 20 {
            other.client.delete("/users/me").await.expect(202);
        }
    }
    assert!(run_once(&server, "benchmarks").contains("20 accounts compared"));
    for period in ["all", "month", "week"] {
        let seen = ada.get(&format!("/insights?period={period}")).await;
        assert_eq!((&seen["period"], &seen["username"]), (&json!(period), &json!("ada")));
        assert_eq!((&seen["user_total_tokens"], &seen["user_unique_days"]), (&json!(10_500), &json!(1)));
        assert_eq!(seen["community_total_users"], 20);
        // The average is (190,000 + 10,500) / 20; the median is between 10,000 and 10,500.
        assert_eq!((&seen["community_avg_tokens"], &seen["community_median_tokens"]), (&json!(10_025), &json!(10_250)));
        // Ten accounts have less, and half of the own account counts.
        assert_eq!(seen["tokens_percentile"], 52.5);
        assert_eq!((&seen["streak_percentile"], &seen["tools_percentile"]), (&json!(50.0), &json!(50.0)));
        assert_eq!(
            (&seen["user_cache_efficiency"], &seen["community_avg_cache_efficiency"]),
            (&json!(75.0), &json!(75.0))
        );
        // Only this account has input: there is no percentile of one account.
        assert_eq!(seen["cache_efficiency_percentile"], Value::Null);
        assert_eq!(seen["is_above_average_tokens"], true);
    }

    // Own figures are current, benchmarks are those of the last computation.
    ada.sync(&Batch::of([TestMessage::new("n").at(now()).output(100_000)])).await;
    let seen = ada.get("/insights").await;
    assert_eq!((&seen["user_total_tokens"], &seen["community_avg_tokens"]), (&json!(110_500), &json!(10_025)));
    assert_eq!(seen["tokens_percentile"], 97.5);
}

#[tokio::test]
async fn copied_history_is_flagged_to_owner_and_stays_on_boards() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let history = || (0..150).map(|n| TestMessage::new(format!("m{n}")).output(10)).collect::<Vec<_>>();
    ada.sync(&Batch::of(history())).await;
    bob.sync(&Batch::of(history())).await;
    let nothing = json!({"score": 0, "reasons": [], "standing": null});
    assert_eq!(bob.get("/users/me/flags").await, nothing);
    assert!(run_once(&server, "plausibility").starts_with("plausibility: 2 findings about 2 accounts"));
    let flags = bob.get("/users/me/flags").await;
    assert_eq!((&flags["score"], &flags["reasons"][0]["kind"]), (&json!(100), &json!("shared_messages")));
    assert_eq!(ada.get("/users/me/flags").await["score"], 50);
    assert_eq!(bob.get("/users/bob/stats").await["total_tokens"], 1_500);

    // An administrator flags the account.
    let root = TestUser::register(&server, "root_1").await;
    server.database().rows("UPDATE users SET is_admin = true WHERE username = 'root_1'");
    let seen = async |query: &str| {
        let page = root.get(&format!("/admin/suspects{query}")).await;
        let text =
            |item: &Value| format!("{} {} {}", item["username"], item["score"], item["is_flagged"]).replace('"', "");
        let lines: Vec<_> = page["items"].as_array().expect("items").iter().map(text).collect();
        (page["total"].clone(), lines)
    };
    let lines = |lines: &[&str]| (json!(lines.len()), lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
    assert_eq!(seen("").await, lines(&["bob 100 false", "ada 50 false"]));
    root.client.post("/admin/users/bob/flag", &json!({"reason": "A copy."})).await.expect(201);
    assert_eq!(seen("?score=51").await, lines(&["bob 100 true"]));
    let bobs = root.get("/admin/suspects?size=1").await["items"][0].clone();
    assert_eq!((&bobs["user_id"], &bobs["reasons"][0]["other_username"]), (&json!(bob.id), &json!("ada")));
    root.client.delete("/admin/users/bob/flag").await.expect(204);

    bob.client.delete("/users/me/usage").await.expect(200);
    run_once(&server, "plausibility");
    assert_eq!(bob.get("/users/me/flags").await, nothing);
    assert_eq!(ada.get("/users/me/flags").await, nothing);
}
