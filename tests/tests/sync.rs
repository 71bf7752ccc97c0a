//! `POST /sync`: counted and rejected messages, and the answer.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use jiff::ToSpan;
use serde_json::{Value, json};
use tests::{AccountRows, Batch, Random, Server, TestMessage, TestUser, instant, now};

/// Received, synced, updated, duplicate, rejected.
fn counts(answer: &Value) -> [u64; 5] {
    ["Received", "Synced", "Updated", "Duplicate", "Rejected"]
        .map(|name| answer[format!("messages{name}")].as_u64().unwrap_or_else(|| panic!("no {name} in {answer}")))
}

#[tokio::test]
async fn sync_message_counts_once_by_its_largest_copy() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let total = async || ada.overview().await["total_tokens"].clone();
    let copy = |output| Batch::of([TestMessage::new("m").input(10).output(output)]);

    assert_eq!(counts(&ada.sync(&copy(5)).await), [1, 1, 0, 0, 0]);
    assert_eq!(total().await, 15);
    assert_eq!(counts(&ada.sync(&copy(50)).await), [1, 1, 1, 0, 0], "a later copy of a streamed response");
    assert_eq!(total().await, 60);
    assert_eq!(counts(&ada.sync(&copy(20)).await), [1, 0, 0, 1, 0], "an earlier copy");
    assert_eq!(counts(&ada.sync(&copy(50)).await), [1, 0, 0, 1, 0], "the same copy");
    assert_eq!(counts(&ada.sync(&copy(50).machine("server")).await), [1, 0, 0, 1, 0], "from another machine");
    assert_eq!(total().await, 60);
    assert_eq!(server.database().number("SELECT count(*) FROM usage_messages"), 1);
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn sync_copies_with_equal_totals_are_ordered_by_other_fields() {
    let server = Server::start().await;
    let base =
        TestMessage::new("m").at(instant("2026-03-04T12:00:00.000002Z")).model("gpt-5-mini").input(10).output(10);
    let winners = [
        (base.clone().at(instant("2026-03-04T12:00:00.000001Z")), "laptop"),
        (base.clone().model("a-model"), "laptop"),
        (base.clone(), "a-machine"),
        (base.clone().input(9).output(11), "laptop"),
        (base.clone().output(9).cache(1, 0), "laptop"),
    ];
    for (number, (winner, machine)) in winners.into_iter().enumerate() {
        let requests = [Batch::of([base.clone()]), Batch::of([winner]).machine(machine)];
        let forwards = TestUser::register(&server, &format!("forwards{number}")).await;
        let backwards = TestUser::register(&server, &format!("backwards{number}")).await;
        let mut updated = Vec::new();
        for (user, order) in [(&forwards, [0, 1]), (&backwards, [1, 0])] {
            for request in order {
                updated.push(counts(&user.sync(&requests[request]).await)[2]);
            }
        }
        assert_eq!(updated, [0, 1, 0, 0], "number {number}: only the winner replaces");
        let facts = AccountRows::of(server.database(), &forwards.username);
        assert_eq!(facts.messages(), 1);
        facts.assert_same(&AccountRows::of(server.database(), &backwards.username));
    }
}

#[tokio::test]
async fn sync_copies_in_one_request_count_once() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let messages = [
        TestMessage::new("a").output(1),
        TestMessage::new("a").output(9),
        TestMessage::new("b").output(5),
        TestMessage::new("a").output(9),
        TestMessage::new("a").output(3),
    ];
    let answer = ada.sync(&Batch::of(messages)).await;
    assert_eq!(counts(&answer), [5, 2, 0, 3, 0]);
    assert_eq!(answer["stats"]["totalTokens"], 14);
}

#[tokio::test]
async fn sync_same_id_of_other_tool_or_account_is_another_message() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "ada").await, TestUser::register(&server, "bob").await);
    let batch = Batch::of([TestMessage::new("m").output(7)]);
    ada.sync(&batch).await;
    assert_eq!(counts(&ada.sync(&batch.clone().source("codex")).await), [1, 1, 0, 0, 0]);
    assert_eq!(counts(&ada.sync(&batch.clone().source("CODEX")).await), [1, 0, 0, 1, 0], "names of tools ignore case");
    assert_eq!(counts(&bob.sync(&batch).await), [1, 1, 0, 0, 0]);
    assert_eq!(ada.overview().await["total_tokens"], 14);
    assert_eq!(bob.overview().await["total_tokens"], 7);
}

#[tokio::test]
async fn sync_codex_ids_with_time_of_sync_are_one_message() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let named = |id: &str| Batch::of([TestMessage::new(id).output(7)]).source("codex");
    ada.sync(&named("codex-0199a1b2-77aa-12-1763812345678")).await;
    assert_eq!(counts(&ada.sync(&named("codex-0199a1b2-77aa-12-1763999999999")).await), [1, 0, 0, 1, 0]);
    assert_eq!(counts(&ada.sync(&named("codex-0199a1b2-77aa-13-1763999999999")).await), [1, 1, 0, 0, 0]);
}

#[tokio::test]
async fn sync_implausible_messages_are_listed_and_block_no_other() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let messages = [
        TestMessage::new("good").output(1),
        TestMessage::new("ahead").output(1).at(now() + 25.hours()),
        TestMessage::new("old").output(1).at(instant("2019-12-31T23:59:59.999Z")),
        TestMessage::new("clock runs ahead").output(1).at(now() + 23.hours()),
        TestMessage::new("first").output(1).at(instant("2020-01-01T00:00:00Z")),
    ];
    let answer = ada.sync(&Batch::of(messages)).await;
    assert_eq!(counts(&answer), [5, 3, 0, 0, 2]);
    let rejected = json!([
        {"index": 1, "id": "ahead", "reason": "timestamp_in_future"},
        {"index": 2, "id": "old", "reason": "timestamp_too_old"},
    ]);
    assert_eq!(answer["rejected"], rejected);
    assert_eq!(answer["stats"]["totalTokens"], 3);

    let many = (0..150).map(|n| TestMessage::new(format!("old{n}")).at(instant("2001-01-01T00:00:00Z")));
    let answer = ada.sync(&Batch::of(many)).await;
    assert_eq!(counts(&answer), [150, 0, 0, 0, 150]);
    assert_eq!(answer["rejected"].as_array().map(Vec::len), Some(100), "only the first hundred are listed");
}

#[tokio::test]
async fn sync_dry_run_answers_the_same_and_stores_nothing() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let history = Random::seeded(11).history("m", 50);
    let batch = Batch::of(history).with("timezone", "Asia/Tokyo");
    let before = AccountRows::of(server.database(), "ada");
    let dry = ada.sync(&batch.clone().with("dryRun", true)).await;
    before.assert_same(&AccountRows::of(server.database(), "ada"));
    assert_eq!(ada.overview().await["total_tokens"], 0);
    assert_eq!(ada.get("/dashboard/machines").await["machines"], json!([]));
    assert_eq!(server.database().rows("SELECT timezone FROM users WHERE username = 'ada'").trim(), "");
    assert_eq!(dry, ada.sync(&batch).await, "a real sync answers the same");
}

#[tokio::test]
async fn sync_compressed_body_is_accepted() {
    let server = Server::start().await;
    let batch = Batch::of(Random::seeded(12).history("m", 200)).json().to_string();
    for (number, encoding) in ["gzip", "br", "deflate"].into_iter().enumerate() {
        let ada = TestUser::register(&server, &format!("ada{number}")).await;
        let answer = ada.client.post_encoded("/sync", encoding, packed(encoding, batch.as_bytes())).await.expect(200);
        assert_eq!(counts(&answer), [200, 200, 0, 0, 0], "{encoding}");
    }
}

fn packed(encoding: &str, body: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(body).and_then(|()| packed.finish()).expect("memory")
        }
        "deflate" => {
            let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(body).and_then(|()| packed.finish()).expect("memory")
        }
        _ => {
            let mut packed = Vec::new();
            brotli::BrotliCompress(&mut &*body, &mut packed, &brotli::enc::BrotliEncoderParams::default())
                .expect("memory");
            packed
        }
    }
}

#[tokio::test]
async fn sync_truncated_or_unknown_encoding_changes_nothing() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let body = Batch::of(Random::seeded(13).history("m", 300)).json().to_string();
    let whole = packed("gzip", body.as_bytes());
    for (encoding, body) in [
        ("gzip", whole[..whole.len() / 2].to_vec()),
        ("br", whole.clone()),
        ("deflate", whole.clone()),
        ("compress", whole),
    ] {
        ada.client.post_encoded("/sync", encoding, body).await.expect_error(400, "BAD_REQUEST");
    }
    assert_eq!(AccountRows::of(server.database(), "ada").messages(), 0);
}

#[tokio::test]
async fn sync_snake_case_fields_are_accepted() {
    let server = Server::start().await;
    let (camel, snake) = (TestUser::register(&server, "camel").await, TestUser::register(&server, "snake").await);
    let mut message = TestMessage::new("m").input(1_000).output(20).cache(300, 400).reasoning(5);
    message.cache_write_1h = 100;
    let mut camel_answer = camel.sync(&Batch::of([message]).with("timezone", "Asia/Tokyo")).await;
    let body = json!({
        "version": "2.0.0", "client": "burntop-cli", "machine_id": "laptop", "synced_at": "2026-11-22T12:34:56Z",
        "source": "claude-code", "timezone": "Asia/Tokyo", "input_includes_cached": false, "dry_run": false,
        "messages": [{
            "id": "m", "timestamp": "2026-03-04T12:00:00Z", "model": "claude-sonnet-4-5-20250929",
            "input_tokens": 1_000, "output_tokens": 20, "cache_read_tokens": 300, "cache_creation_tokens": 400,
            "cache_creation_1h_tokens": 100, "reasoning_tokens": 5,
        }],
    });
    let mut snake_answer = snake.try_sync(&body).await.expect(200);
    // The first account may have an achievement for that.
    for answer in [&mut camel_answer, &mut snake_answer] {
        answer["newAchievements"].take();
        for field in ["xp", "level", "leveledUp", "achievementsUnlocked"] {
            answer["stats"][field].take();
        }
    }
    assert_eq!(snake_answer, camel_answer);
    AccountRows::of(server.database(), "camel").assert_same(&AccountRows::of(server.database(), "snake"));
}

#[tokio::test]
async fn sync_overlapping_token_kinds_are_made_disjoint() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let batch = Batch::of([
        TestMessage::new("good").model("gpt-5-mini").input(1_000).output(200).cache(600, 0).reasoning(150),
        TestMessage::new("bad").input(5).cache(6, 0),
    ]);
    let batch = batch.with("inputIncludesCached", true).with("reasoningIncludedInOutput", true);
    let answer = ada.sync(&batch).await;
    assert_eq!(counts(&answer), [2, 1, 0, 0, 1]);
    assert_eq!(answer["rejected"], json!([{"index": 1, "id": "bad", "reason": "cached_exceeds_input"}]));
    let overview = ada.overview().await;
    let tokens = ["input", "output", "cache_read", "reasoning"]
        .map(|kind| overview[format!("total_{kind}_tokens")].as_u64().expect("a count"));
    assert_eq!(tokens, [400, 200, 600, 150]);
    assert_eq!(overview["total_tokens"], 1_200, "the reasoning is part of the output");
    // 400 x 0.25 + 200 x 2 + 600 x 0.025 USD per million.
    assert_eq!(overview["total_cost"].as_f64(), Some(0.000_515));
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn sync_counts_may_be_text_or_decimal_or_missing() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let mut body = Batch::of([]).json();
    body.as_object_mut().expect("an object").remove("machineId");
    body["messages"] = json!([
        {"id": "m", "timestamp": "2026-03-04T00:30:00+01:00", "model": "GPT-5-Mini",
         "inputTokens": "12", "outputTokens": 3.0, "unknown": {"field": [1]}},
        {"id": "n", "timestamp": "2026-03-04T00:30:00", "model": "gpt-5-mini", "inputTokens": 1},
    ]);
    let answer = ada.try_sync(&body).await.expect(200);
    assert_eq!(answer["stats"]["totalTokens"], 16);
    let days = server.database().rows("SELECT day, tokens FROM usage_days ORDER BY day");
    assert_eq!(days, "2026-03-03,15\n2026-03-04,1\n", "without an offset it is UTC");
    assert_eq!(ada.get("/dashboard/machines").await["machines"][0]["machine_id"], "default");
    let models = ada.get("/dashboard/models").await;
    assert_eq!(models["models"][0]["model"], "gpt-5-mini");
}

#[tokio::test]
async fn sync_larger_than_one_statement_is_atomic() {
    let server = Server::start().await;
    for (number, count) in [5_001, 12_000].into_iter().enumerate() {
        let ada = TestUser::register(&server, &format!("ada{number}")).await;
        let history = Random::seeded(14).history("m", count);
        let mut total: u64 = history.iter().map(TestMessage::total).sum();
        let answer = ada.sync(&Batch::of(history.clone())).await;
        assert_eq!(counts(&answer), [count as u64, count as u64, 0, 0, 0]);
        assert_eq!(answer["stats"]["totalTokens"], total);
        assert_eq!(AccountRows::of(server.database(), &ada.username).messages(), count);

        let mut body = Batch::of(history.clone()).json();
        body["messages"][count - 1]["inputTokens"] = json!(-1);
        let problems = ada.try_sync(&body).await.problems();
        assert_eq!(problems, [format!("body.messages.{}.inputTokens greater_than_equal", count - 1)]);

        let mut changed = history;
        changed[count - 1].output += 1;
        total += 1;
        let answer = ada.sync(&Batch::of(changed)).await;
        assert_eq!(counts(&answer), [count as u64, 1, 1, count as u64 - 1, 0]);
        assert_eq!(answer["stats"]["totalTokens"], total);
        server.assert_rebuild_changes_nothing(&ada.username);
    }
}

#[tokio::test]
async fn sync_first_named_zone_is_stored_and_recounts_history() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let night = |id: &str| TestMessage::new(id).at(instant("2026-03-04T23:30:00Z")).output(7);
    let days = || server.database().rows("SELECT day, tokens FROM usage_days ORDER BY day");

    ada.sync(&Batch::of([night("a")])).await;
    assert_eq!(days(), "2026-03-04,7\n");
    ada.sync(&Batch::of([night("b")]).with("timezone", "Europe/Berlin")).await;
    assert_eq!(days(), "2026-03-05,14\n", "both are counted on the day in Berlin");
    ada.sync(&Batch::of([night("c")]).with("timezone", "America/New_York")).await;
    assert_eq!(days(), "2026-03-05,21\n", "only the first named zone is stored");
    assert_eq!(ada.get("/users/ada").await["timezone"], "Europe/Berlin");
    server.assert_rebuild_changes_nothing("ada");

    let bob = TestUser::register_in(&server, "bob", "Asia/Tokyo").await;
    bob.sync(&Batch::of([night("a")]).with("timezone", "Europe/Berlin")).await;
    assert_eq!(bob.get("/users/bob").await["timezone"], "Asia/Tokyo", "the owner's own choice stays");
}

#[tokio::test]
async fn sync_message_moved_to_another_hour_leaves_no_empty_row() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let at = |time: &str| Batch::of([TestMessage::new("m").at(instant(&format!("2026-03-04T{time}Z"))).output(7)]);
    let hours = || server.database().rows("SELECT day, hour, messages, tokens FROM usage_hours ORDER BY day, hour");
    ada.sync(&at("12:30:00")).await;
    ada.sync(&at("10:30:00")).await;
    assert_eq!(hours(), "2026-03-04,10,1,7\n", "the earlier copy won");
    ada.change(json!({"timezone": "Europe/Berlin"})).await;
    assert_eq!(hours(), "2026-03-04,11,1,7\n", "the same day, an hour later");
}

#[tokio::test]
async fn sync_models_without_price_are_listed_and_counted() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let messages = [
        TestMessage::new("a").model("no-such-model").output(100),
        TestMessage::new("b").model("gpt-5-mini").output(1_000_000),
        TestMessage::new("c").model("another-unknown").output(11),
    ];
    let answer = ada.sync(&Batch::of(messages)).await;
    let mut unpriced: Vec<&str> =
        answer["unpricedModels"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    unpriced.sort_unstable();
    assert_eq!(unpriced, ["another-unknown", "no-such-model"]);
    assert_eq!(answer["stats"]["totalTokens"], 1_000_111);
    let overview = ada.overview().await;
    assert_eq!(overview["unpriced_tokens"], 111);
    assert_eq!(overview["total_cost"].as_f64(), Some(2.0));
    let models = ada.get("/dashboard/models").await;
    let statuses: Vec<&Value> =
        models["models"].as_array().expect("a list").iter().map(|m| &m["cost_status"]).collect();
    assert_eq!(statuses, ["priced", "unpriced", "unpriced"]);
}

#[tokio::test]
async fn sync_long_context_prices_whole_message_at_its_time() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    // Until 2026-11-12 this model cost 3 and 15 USD per million, and 6 and 22.50 above 200,000 tokens of context.
    let (before, after) = (instant("2026-10-01T12:00:00Z"), instant("2026-11-13T12:00:00Z"));
    let mut cost = 0.0;
    for (id, at, input, read, dollars) in [
        ("at the limit", before, 150_000, 50_000, 0.450 + 0.015 + 0.015),
        ("above it", before, 150_000, 50_001, 0.900 + 0.0225 + 0.030_000_6),
        ("above it, later", after, 150_000, 50_001, 0.450 + 0.015 + 0.015_000_3),
    ] {
        cost += dollars;
        let message = TestMessage::new(id).at(at).input(input).output(1_000).cache(read, 0);
        let answer = ada.sync(&Batch::of([message])).await;
        let shown = answer["stats"]["totalCost"].as_f64().expect("a number");
        assert!((shown - cost).abs() < 0.000_000_6, "{shown}, not {cost}: {id}");
    }
}

#[tokio::test]
async fn sync_largest_counts_are_exact() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let most = (1 << 53) - 1;
    let messages = (0..10).map(|n| TestMessage::new(format!("m{n}")).model("gpt-5-mini").input(most));
    let answer = ada.sync(&Batch::of(messages)).await;
    assert_eq!(answer["stats"]["totalTokens"].as_u64(), Some(10 * most));
    server.assert_rebuild_changes_nothing("ada");
}

#[tokio::test]
async fn sync_raises_the_level() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let figure = |answer: &Value, name: &str| answer["stats"][name].as_u64().unwrap_or_else(|| panic!("{answer}"));
    let (mut xp, mut level, mut steps) = (0, 1, 0);
    for n in 0..30 {
        let answer = ada.sync(&Batch::of([TestMessage::new(format!("m{n}")).output(1_200_000)])).await;
        let (xp_before, level_before) = (xp, level);
        (xp, level) = (figure(&answer, "xp"), figure(&answer, "level"));
        assert!(xp >= xp_before + 120, "{answer}");
        assert_eq!(level, (xp / 100).isqrt().max(1));
        assert_eq!(answer["stats"]["leveledUp"], json!(level > level_before), "{answer}");
        steps += u64::from(level > level_before);
    }
    assert!((3..30).contains(&steps), "some syncs reach a level and some do not: {steps}");
    let level_ups = server.database().rows("SELECT count(*) FROM activities WHERE kind = 'level_up'");
    assert_eq!(level_ups.trim(), steps.to_string());
}
