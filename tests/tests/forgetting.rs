//! Deleting usage: it disappears from all figures, and nothing else does.

use serde_json::{Value, json};
use tests::{AccountRows, Batch, Server, TestMessage, TestUser, instant};

async fn forget(user: &TestUser, query: &str) -> Value {
    user.client.delete(&format!("/users/me/usage{query}")).await.expect(200)["messages_deleted"].clone()
}

/// Five messages around two midnights of Auckland, 13 hours ahead of UTC in March: of the local days 3 (one), 4 (two), 5 (two).
fn messages() -> [TestMessage; 5] {
    [
        ("2026-03-03T10:59:59Z", 1),
        ("2026-03-03T11:00:00Z", 10),
        ("2026-03-04T10:59:59.999Z", 100),
        ("2026-03-04T11:00:00Z", 1_000),
        ("2026-03-05T01:00:00Z", 10_000),
    ]
    .map(|(at, output)| TestMessage::new(at).at(instant(at)).output(output))
}

async fn tokens(user: &TestUser) -> Value {
    user.overview().await["total_tokens"].clone()
}

#[tokio::test]
async fn usage_of_local_days_is_deleted_from_all_figures() {
    let server = Server::start().await;
    let ada = TestUser::register_in(&server, "ada", "Pacific/Auckland").await;
    let bob = TestUser::register_in(&server, "bob", "Pacific/Auckland").await;
    for user in [&ada, &bob] {
        user.sync(&Batch::of(messages())).await;
    }
    let before = ada.overview().await;
    assert_eq!((&before["longest_streak"], &before["unique_days"]), (&json!(3), &json!(3)));

    assert_eq!(forget(&ada, "?from=2026-03-04&to=2026-03-04").await, 2);
    let after = ada.overview().await;
    assert_eq!(
        (&after["total_tokens"], &after["longest_streak"], &after["unique_days"]),
        (&json!(11_001), &json!(1), &json!(2))
    );
    assert_eq!(after["achievements_unlocked"], before["achievements_unlocked"], "what was earned stays");
    // One active day less, and its tokens. The remainder below 10,000 tokens, which pay one XP, is the same before and after.
    assert_eq!(before["xp"].as_u64().expect("XP") - after["xp"].as_u64().expect("XP"), 10);
    server.assert_rebuild_changes_nothing("ada");
    assert_eq!(tokens(&bob).await, 11_111, "other accounts keep their usage");

    assert_eq!(forget(&ada, "?to=2026-03-03").await, 1);
    assert_eq!(tokens(&ada).await, 11_000);
    assert_eq!(forget(&ada, "?from=2026-03-06").await, 0);
    assert_eq!(forget(&ada, "").await, 2);
    assert_eq!(tokens(&ada).await, 0);
    assert_eq!(ada.get("/dashboard/machines").await, json!({"machines": [], "total_machines": 0}));
    assert_eq!(AccountRows::of(server.database(), "ada").messages(), 0);
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn usage_of_a_tool_is_deleted_with_its_machines() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let of = |ids: [&str; 2]| Batch::of(ids.map(|id| TestMessage::new(id).output(5)));
    ada.sync(&of(["a", "b"]).machine("laptop")).await;
    ada.sync(&of(["a", "c"]).machine("laptop").source("codex")).await;
    ada.sync(&of(["d", "e"]).machine("desktop").source("codex")).await;
    let machines = async || {
        let machines = ada.get("/dashboard/machines").await["machines"].clone();
        let mut names: Vec<String> =
            machines.as_array().expect("a list").iter().map(|machine| machine["machine_id"].to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(machines().await, ["\"desktop\"", "\"laptop\""]);

    assert_eq!(forget(&ada, "?source=nothing-like-it").await, 0);
    assert_eq!(server.database().number("SELECT count(*) FROM sources WHERE name = 'nothing-like-it'"), 0);
    assert_eq!(forget(&ada, "?source=Codex").await, 4);
    assert_eq!((tokens(&ada).await, machines().await), (json!(10), vec!["\"laptop\"".to_owned()]));
    let tools = ada.get("/dashboard/tools").await;
    assert_eq!((&tools["total_tools"], &tools["tools"][0]["source"]), (&json!(1), &json!("claude-code")));
    server.assert_rebuild_changes_nothing("ada");

    // The logs of the tool still exist: the next sync brings the messages back, counted once.
    ada.sync(&of(["d", "e"]).machine("desktop").source("codex")).await;
    assert_eq!(tokens(&ada).await, 20);
    for query in ["?from=2026-03-05&to=2026-03-04", "?day=2026-03-04", "?from=today"] {
        ada.client.delete(&format!("/users/me/usage{query}")).await.expect_error(422, "VALIDATION_ERROR");
    }
    assert_eq!(tokens(&ada).await, 20);
}

#[tokio::test]
async fn usage_deleted_during_syncs_leaves_whole_syncs() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let many = |name: &str, count: u32| {
        let message = |n: u32| TestMessage::new(format!("{name} {n}")).output(1);
        Batch::of((0..count).map(message).collect::<Vec<_>>())
    };
    ada.sync(&many("old", 12_000)).await;
    let more = many("new", 3_000);
    let (deleted, _) = tokio::join!(forget(&ada, "?source=claude-code"), ada.sync(&more));
    let deleted = deleted.as_i64().expect("a count");
    assert!(deleted == 12_000 || deleted == 15_000, "all stored messages, and only whole syncs: {deleted}");
    assert_eq!(tokens(&ada).await, 15_000 - deleted);
    server.assert_rebuild_changes_nothing("ada");
}
