//! Requests of the real client, checked against figures computed here.

mod figures;

use std::collections::{BTreeMap, BTreeSet};

use figures::{Figures, Sample, dollars};
use jiff::ToSpan;
use serde_json::{Value, json};
use tests::{Server, TestUser, instant, now};

#[track_caller]
fn assert_overview(overview: &Value, figures: &Figures) {
    for (field, tokens) in [
        ("total_tokens", figures.tokens()),
        ("total_input_tokens", figures.input),
        ("total_output_tokens", figures.output),
        ("total_cache_read_tokens", figures.cache_read),
        ("total_cache_write_tokens", figures.cache_write),
        ("total_reasoning_tokens", figures.reasoning),
        ("unpriced_tokens", figures.unpriced),
        ("unique_days", figures.days.len() as u64),
        ("unique_models", figures.unique_models()),
        ("unique_sources", figures.sources.len() as u64),
    ] {
        assert_eq!(overview[field], tokens, "{field}");
    }
    assert_eq!(overview["total_cost"].as_f64(), Some(dollars(figures.pico)), "total_cost");
    assert_eq!(overview["longest_streak"], figures::longest_run(&figures.days), "longest_streak");
    let efficiency = overview["cache_efficiency"].as_f64().expect("there is input");
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    let expected = 100.0 * figures.cache_read as f64 / (figures.cache_read + figures.input) as f64;
    assert!((efficiency - expected).abs() < 0.01, "{efficiency}, not {expected}");
}

#[tokio::test]
async fn sample_is_counted_and_priced_exactly() {
    let server = Server::start().await;
    for (number, sample) in Sample::all().iter().enumerate() {
        let ada = TestUser::register(&server, &format!("ada{number}")).await;
        let answer = ada.try_sync(&sample.body).await.expect(200);
        let figures = sample.figures();
        let count = figures.messages;
        assert_eq!(count, sample.messages().len() as u64);
        for (field, expected) in [
            ("success", json!(true)),
            ("messagesReceived", json!(count)),
            ("messagesSynced", json!(count)),
            ("messagesUpdated", json!(0)),
            ("messagesDuplicate", json!(0)),
            ("messagesRejected", json!(0)),
            ("rejected", json!([])),
            ("updatedRecords", json!(0)),
            ("newRecords", json!(figures.rollups.len())),
            ("recordsProcessed", json!(figures.rollups.len())),
            ("unpricedModels", json!(figures.unpriced_models)),
        ] {
            assert_eq!(answer[field], expected, "{field} of {}", sample.name);
        }
        let stats = &answer["stats"];
        assert_eq!(stats["totalTokens"], figures.tokens(), "{}", sample.name);
        assert_eq!(stats["totalCost"].as_f64(), Some(dollars(figures.pico)), "{}", sample.name);
        assert_eq!(stats["longestStreak"], figures::longest_run(&figures.days), "{}", sample.name);
        let achievements = server.database().rows(&format!(
            "SELECT (sum(xp) / 100)::bigint FROM progress_events JOIN users ON users.id = user_id
             WHERE username = '{}'",
            ada.username
        ));
        let achievements = achievements.trim().parse::<u64>().expect("a sum");
        let xp = figures.tokens() / 10_000 + 10 * figures.days.len() as u64 + achievements;
        assert_eq!(stats["xp"].as_u64(), Some(xp), "{}", sample.name);
        assert_overview(&ada.overview().await, &figures);
        server.assert_rebuild_changes_nothing(&ada.username);
    }
}

#[tokio::test]
async fn samples_have_documented_totals() {
    let totals: Vec<u64> = Sample::all().iter().map(|sample| sample.figures().tokens()).collect();
    assert_eq!(totals, [24_228_115, 3_851_359, 2_413_762, 2_314_087]);
}

#[tokio::test]
async fn samples_together_are_their_sum_in_all_views() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let mut figures = Figures::default();
    for sample in Sample::all() {
        let answer = ada.try_sync(&sample.body).await.expect(200);
        sample.add_to(&mut figures);
        assert_eq!(answer["stats"]["totalTokens"], figures.tokens());
        assert_eq!(answer["stats"]["totalCost"].as_f64(), Some(dollars(figures.pico)));
    }
    assert_overview(&ada.overview().await, &figures);

    let stats = ada.get("/users/ada/stats").await;
    assert_eq!(stats["total_tokens"], figures.tokens());
    assert_eq!(stats["total_cost"].as_f64(), Some(dollars(figures.pico)));
    assert_eq!(stats["unpriced_tokens"], figures.unpriced);

    let models = ada.get("/dashboard/models").await;
    assert_eq!(models["total_models"], figures.models.len());
    assert_parts(&models["models"], "model", &figures.models, &figures);
    let tools = ada.get("/dashboard/tools").await;
    assert_eq!(tools["total_tools"], 4);
    assert_parts(&tools["tools"], "source", &figures.sources, &figures);
    assert_eq!(ada.get("/users/ada/models").await, models);
    assert_eq!(ada.get("/users/ada/tools").await, tools);

    let machines = ada.get("/dashboard/machines").await;
    let machines = machines["machines"].as_array().expect("a list");
    assert_eq!(machines.len(), 1);
    assert_eq!(machines[0]["machine_id"], "b9a5454a");
    assert_eq!(machines[0]["tokens"], figures.tokens());
    assert_eq!(machines[0]["cost"].as_f64(), Some(dollars(figures.pico)));
}

/// Checks a list of parts (tools or models) that is ordered by cost.
#[track_caller]
fn assert_parts(list: &Value, name: &str, expected: &BTreeMap<String, figures::Part>, whole: &Figures) {
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), expected.len());
    let mut costs = Vec::new();
    for shown in list {
        let part = &expected[shown[name].as_str().expect("a name")];
        assert_eq!(shown["tokens"], part.tokens, "{shown}");
        assert_eq!(shown["cost"].as_f64(), Some(dollars(part.pico)), "{shown}");
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let percentage = 100.0 * part.tokens as f64 / whole.tokens() as f64;
        assert!((shown["percentage"].as_f64().expect("a number") - percentage).abs() < 0.005_001, "{shown}");
        assert_eq!(shown["days_active"], part.days.len(), "{shown}");
        assert_eq!(shown["first_used"], json!(part.days.first().expect("a day").to_string()), "{shown}");
        assert_eq!(shown["last_used"], json!(part.days.last().expect("a day").to_string()), "{shown}");
        if name == "model" {
            let is_unpriced = shown["model"] == "grok-code";
            assert_eq!(shown["cost_status"] == "unpriced", is_unpriced, "{shown}");
        }
        costs.push(part.pico);
    }
    assert!(costs.is_sorted_by(|a, b| a >= b), "{costs:?}");
}

#[tokio::test]
async fn sample_sent_again_is_all_duplicates() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for sample in Sample::all() {
        ada.try_sync(&sample.body).await.expect(200);
    }
    let before = tests::AccountRows::of(server.database(), "ada");
    let overview = ada.overview().await;
    for sample in Sample::all() {
        let answer = ada.try_sync(&sample.body).await.expect(200);
        let count = sample.messages().len();
        assert_eq!(answer["messagesReceived"], count);
        assert_eq!(answer["messagesDuplicate"], count);
        for field in ["messagesSynced", "messagesUpdated", "messagesRejected", "recordsProcessed", "newRecords"] {
            assert_eq!(answer[field], 0, "{field} of {}", sample.name);
        }
        assert_eq!(answer["stats"]["totalTokens"], overview["total_tokens"]);
        assert_eq!(answer["stats"]["leveledUp"], false);
    }
    before.assert_same(&tests::AccountRows::of(server.database(), "ada"));
    assert_eq!(ada.overview().await, overview);
}

#[tokio::test]
async fn days_are_counted_in_zone_of_account() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    // Moved by whole days, so that the messages are within the year that trends show.
    let recorded = instant("2026-11-22T21:13:23Z");
    let days = (now().duration_since(recorded).as_hours()).div_euclid(24);
    let samples: Vec<Sample> = Sample::all().into_iter().map(|sample| sample.shifted(24 * days)).collect();
    for sample in &samples {
        ada.try_sync(&sample.body).await.expect(200);
    }
    for zone in ["UTC", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin"] {
        let profile = ada.change(json!({"timezone": zone})).await;
        assert_eq!(profile["timezone"], zone);
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        let mut hours = [0_u64; 24];
        for message in samples.iter().flat_map(Sample::messages) {
            let local = message.at.in_tz(zone).expect("a zone");
            *expected.entry(local.date().to_string()).or_default() += message.total();
            hours[usize::try_from(local.hour()).expect("an hour")] += message.total();
        }
        let trends = ada.get("/dashboard/trends?days=365").await;
        let shown: BTreeMap<String, u64> = trends["daily_data"]
            .as_array()
            .expect("days")
            .iter()
            .map(|day| (day["date"].as_str().expect("a date").to_owned(), day["tokens"].as_u64().expect("tokens")))
            .filter(|(_, tokens)| *tokens > 0)
            .collect();
        assert_eq!(shown, expected, "{zone}");
        assert_eq!(trends["by_hour"], json!(hours), "{zone}");
        let active: BTreeSet<jiff::civil::Date> = expected.keys().map(|day| day.parse().expect("a date")).collect();
        let overview = ada.overview().await;
        assert_eq!(overview["unique_days"], active.len(), "{zone}");
        assert_eq!(overview["longest_streak"], figures::longest_run(&active), "{zone}");
        let latest = *active.last().expect("a day");
        let today = now().in_tz(zone).expect("a zone").date();
        if today - 1.day() <= latest {
            assert!(overview["current_streak"].as_u64() >= Some(1), "{zone}: {overview}");
        }
        server.assert_rebuild_changes_nothing("ada");
    }
}
