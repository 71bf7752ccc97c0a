//! Dashboards and profiles: the figures, and their visibility. All times are relative to now, in a zone where it is noon.

use jiff::{Timestamp, ToSpan, Zoned};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Batch, Server, TestMessage, TestUser, noon_zone, now};

/// An account in whose zone it is noon, and its local times.
async fn at_noon(server: &Server, username: &str) -> (TestUser, Zoned) {
    let zone = noon_zone();
    let user = TestUser::register_in(server, username, zone.iana_name().expect("a name")).await;
    (user, now().to_zoned(zone))
}

fn days_ago(now: &Zoned, days: i64) -> Timestamp {
    (now - days.days()).timestamp()
}

fn date(now: &Zoned, days: i64) -> String {
    (now.date() - days.days()).to_string()
}

fn date_at(year: i16, month: i8, day: i8) -> jiff::civil::DateTime {
    jiff::civil::date(year, month, day).at(23, 59, 59, 0)
}

fn named<'a>(list: &'a Value, field: &str, name: &str) -> &'a Value {
    let found = list.as_array().expect("a list").iter().find(|item| item[field] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[tokio::test]
async fn periods_of_7_and_30_days_include_today() {
    let server = Server::start().await;
    let (ada, now) = at_noon(&server, "ada").await;
    let usage = [(0, 1), (6, 20), (7, 300), (29, 4_000), (30, 50_000), (400, 600_000)];
    for (days, tokens) in usage {
        let message = TestMessage::new(format!("{days}")).at(days_ago(&now, days)).model("gpt-5-mini").output(tokens);
        ada.sync(&Batch::of([message])).await;
    }
    for (period, tokens, days) in [("week", 21, 2), ("month", 4_321, 4), ("all", 654_321, 6)] {
        let tools = ada.get(&format!("/dashboard/tools?period={period}")).await;
        let tool = named(&tools["tools"], "source", "claude-code");
        assert_eq!((&tool["tokens"], &tool["days_active"]), (&json!(tokens), &json!(days)), "{period}");
        assert_eq!(tool["last_used"], date(&now, 0), "{period}");
        assert_eq!(tool["percentage"].as_f64(), Some(100.0));
        let models = ada.get(&format!("/dashboard/models?period={period}")).await;
        assert_eq!(named(&models["models"], "model", "gpt-5-mini")["tokens"], tokens, "{period}");
    }
    assert_eq!(ada.get("/dashboard/tools").await, ada.get("/dashboard/tools?period=all").await);
    let overview = ada.overview().await;
    assert_eq!((&overview["total_tokens"], &overview["monthly_tokens"]), (&json!(654_321), &json!(4_321)));
}

#[tokio::test]
async fn projects_have_shares_of_all_usage_and_end_with_it() {
    let server = Server::start().await;
    let (ada, now) = at_noon(&server, "ada").await;
    let message = |days: i64, output| {
        TestMessage::new(format!("{days}")).at(days_ago(&now, days)).model("gpt-5-mini").output(output)
    };
    let unnamed = || Batch::of([message(0, 100), message(1, 200), message(20, 300), message(40, 400)]);
    let named = Batch::of([message(0, 100), message(1, 200).project("shop"), message(20, 300).project("#0d5c3a")]);
    ada.sync(&unnamed()).await;
    let none = json!({"projects": [], "total_projects": 0});
    assert_eq!(ada.get("/dashboard/projects").await, none);
    let answer = ada.sync(&named).await;
    assert_eq!((&answer["messagesUpdated"], &answer["messagesDuplicate"]), (&json!(2), &json!(1)));
    assert_eq!(ada.sync(&unnamed()).await["messagesDuplicate"], 4, "a copy without a project does not replace one");
    assert_eq!(ada.overview().await["total_tokens"], 1_000);

    // 2 USD for a million tokens of output.
    let used = |project: &str, tokens: u32, cost: f64, percentage: f64, days: i64| {
        json!({
            "project": project, "tokens": tokens, "cost": cost, "percentage": percentage, "days_active": 1,
            "first_used": date(&now, days), "last_used": date(&now, days),
        })
    };
    for (period, projects) in [
        ("week", vec![used("shop", 200, 0.0004, 66.67, 1)]),
        ("month", vec![used("#0d5c3a", 300, 0.0006, 50.0, 20), used("shop", 200, 0.0004, 33.33, 1)]),
        ("all", vec![used("#0d5c3a", 300, 0.0006, 30.0, 20), used("shop", 200, 0.0004, 20.0, 1)]),
    ] {
        let expected = json!({"projects": projects, "total_projects": projects.len()});
        assert_eq!(ada.get(&format!("/dashboard/projects?period={period}")).await, expected);
    }
    server.assert_rebuild_changes_nothing("ada");

    ada.client.delete(&format!("/users/me/usage?from={}", date(&now, 1))).await.expect(200);
    assert_eq!(ada.get("/dashboard/projects").await["total_projects"], 1);
    ada.client.delete("/users/me/usage").await.expect(200);
    assert_eq!(ada.get("/dashboard/projects").await, none);
    assert_eq!(server.database().number("SELECT count(*) FROM usage_projects"), 0);
}

#[tokio::test]
async fn cache_efficiency_has_two_decimals_and_is_0_without_usage() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let public = async || ada.get("/users/ada/stats").await["cache_efficiency"].clone();
    assert_eq!(ada.overview().await["cache_efficiency"].as_f64(), Some(0.0));
    assert_eq!(public().await, Value::Null, "a profile without usage has no efficiency");
    ada.sync(&Batch::of([TestMessage::new("m1").input(1).cache(2, 0)])).await;
    assert_eq!(ada.overview().await["cache_efficiency"].as_f64(), Some(66.67));
    assert_eq!(public().await.as_f64(), Some(66.67));
}

#[tokio::test]
async fn own_account_has_fields_of_settings_form() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let fields = ["bio", "location", "website_url"];
    let shown = async || {
        let account = ada.get("/auth/me").await;
        fields.map(|field| account.get(field).cloned().unwrap_or_else(|| panic!("no {field} in {account}")))
    };
    assert_eq!(shown().await, [Value::Null, Value::Null, Value::Null]);
    let change = json!({"bio": "Counts tokens.", "location": "London", "website_url": "https://ada.example.org"});
    ada.change(change.clone()).await;
    assert_eq!(shown().await, fields.map(|field| change[field].clone()));
}

#[tokio::test]
async fn trends_list_all_days_and_compare_with_period_before() {
    let server = Server::start().await;
    let (ada, now) = at_noon(&server, "ada").await;
    for (days, tokens) in [(0, 10), (2, 20), (6, 30), (7, 20), (13, 20), (14, 999)] {
        let message = TestMessage::new(format!("{days}")).at(days_ago(&now, days)).model("gpt-5-mini").output(tokens);
        ada.sync(&Batch::of([message])).await;
    }
    let trends = ada.get("/dashboard/trends?days=7").await;
    assert_eq!(trends["period_start"], date(&now, 6));
    assert_eq!(trends["period_end"], date(&now, 0));
    let days = trends["daily_data"].as_array().expect("days");
    let shown: Vec<(&Value, &Value)> = days.iter().map(|day| (&day["date"], &day["tokens"])).collect();
    let tokens = [30, 0, 0, 0, 20, 0, 10];
    let dates: Vec<Value> = (0..7).map(|n| json!(date(&now, 6 - n))).collect();
    let expected: Vec<Value> = tokens.iter().map(|n| json!(n)).collect();
    assert_eq!(shown, dates.iter().zip(&expected).collect::<Vec<_>>());
    assert_eq!(days[6]["output_tokens"], 10);
    assert_eq!(days[6]["cost"].as_f64(), Some(0.000_02), "10 tokens at 2 USD per million");
    assert_eq!(trends["previous"]["tokens"], 40);
    assert_eq!(trends["change"]["tokens"].as_f64(), Some(0.5));

    let mut by_weekday = [0; 7];
    for (n, tokens) in tokens.iter().enumerate() {
        let day = now.date() - (6 - i64::try_from(n).expect("small")).days();
        by_weekday[usize::try_from(day.weekday().to_monday_zero_offset()).expect("a weekday")] += tokens;
    }
    assert_eq!(trends["by_weekday"], json!(by_weekday));
    let by_hour: Vec<u64> = trends["by_hour"].as_array().expect("hours").iter().filter_map(Value::as_u64).collect();
    assert_eq!((by_hour.len(), by_hour[usize::try_from(now.hour()).expect("an hour")]), (24, 60));

    for (days, count) in [("", 30), ("?days=1", 1), ("?days=365", 365)] {
        let trends = ada.get(&format!("/dashboard/trends{days}")).await;
        assert_eq!(trends["daily_data"].as_array().map(Vec::len), Some(count));
    }
    let profile = ada.get("/users/ada/trends?days=7").await;
    assert_eq!(profile, trends);
}

#[tokio::test]
async fn streak_ends_today_or_yesterday() {
    let server = Server::start().await;
    for (name, active, current, longest) in [
        ("today", vec![0, 1, 2], 3, 3),
        ("yesterday", vec![1, 2, 3, 4], 4, 4),
        ("before", vec![2, 3], 0, 2),
        ("gap", vec![0, 2, 3, 4], 1, 3),
        ("never", vec![], 0, 0),
    ] {
        let (user, now) = at_noon(&server, name).await;
        // Synced late and out of order.
        for days in active.iter().rev() {
            let message = TestMessage::new(format!("{days}")).at(days_ago(&now, *days)).output(1);
            user.sync(&Batch::of([message])).await;
        }
        let overview = user.overview().await;
        let streaks = (&overview["current_streak"], &overview["longest_streak"], &overview["unique_days"]);
        assert_eq!(streaks, (&json!(current), &json!(longest), &json!(active.len())), "{name}");
        assert_eq!(overview["streak_at_risk"], false, "it is noon");
    }
}

#[tokio::test]
async fn day_without_tokens_is_not_active() {
    let server = Server::start().await;
    let (ada, now) = at_noon(&server, "ada").await;
    ada.sync(&Batch::of([
        TestMessage::new("a").at(days_ago(&now, 0)),
        TestMessage::new("b").at(days_ago(&now, 1)).output(1),
    ]))
    .await;
    let overview = ada.overview().await;
    assert_eq!((&overview["unique_days"], &overview["current_streak"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn monthly_badge_counts_last_30_days() {
    let server = Server::start().await;
    let (ada, now) = at_noon(&server, "ada").await;
    let mut last = 0;
    for (tokens, badge) in [
        (9_999_999, Value::Null),
        (10_000_000, json!("Power User")),
        (100_000_000, json!("AI Native")),
        (1_000_000_000, json!("Token Titan")),
    ] {
        let message = TestMessage::new(format!("{tokens}")).at(days_ago(&now, 29)).output(tokens - last);
        last = tokens;
        ada.sync(&Batch::of([message])).await;
        let overview = ada.overview().await;
        assert_eq!((&overview["monthly_tokens"], &overview["monthly_badge"]), (&json!(tokens), &badge));
        let profile = server.client().get("/users/ada").await.expect(200);
        assert_eq!((&profile["monthly_tokens"], &profile["monthly_badge"]), (&json!(tokens), &badge));
    }
    let (bob, now) = at_noon(&server, "bob").await;
    bob.sync(&Batch::of([TestMessage::new("m").at(days_ago(&now, 30)).output(1_000_000_000)])).await;
    assert_eq!(bob.overview().await["monthly_badge"], Value::Null);
}

#[tokio::test]
async fn machines_and_tools_are_listed_separately() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    for (id, machine, source, tokens) in
        [("a", "laptop", "codex", 10), ("b", "server", "codex", 20), ("c", "laptop", "gemini-cli", 70)]
    {
        let message = TestMessage::new(id).model("gpt-5-mini").output(tokens);
        ada.sync(&Batch::of([message]).machine(machine).source(source)).await;
    }
    let machines = ada.get("/dashboard/machines").await["machines"].clone();
    assert_eq!(named(&machines, "machine_id", "laptop")["tokens"], 80);
    assert_eq!(named(&machines, "machine_id", "server")["tokens"], 20);
    assert!(named(&machines, "machine_id", "server")["last_synced_at"].as_str() > Some("2026"));
    let tools = ada.get("/dashboard/tools").await;
    assert_eq!(tools["total_tools"], 2);
    assert_eq!(named(&tools["tools"], "source", "gemini-cli")["percentage"].as_f64(), Some(70.0));
    assert_eq!(tools["tools"][0]["source"], "gemini-cli", "by cost");
}

#[tokio::test]
async fn profile_shows_more_to_owner_and_little_if_private() {
    let server = Server::start().await;
    let (ada, bob) = (TestUser::register(&server, "Ada").await, TestUser::register(&server, "bob").await);
    ada.change(json!({"name": "Ada L.", "bio": "first", "location": "London", "region": "EU",
                      "website_url": "https://example.org/", "timezone": "europe/london"}))
        .await;
    let own = ada.get("/users/ADA").await;
    assert_eq!((&own["email"], &own["timezone"]), (&json!("ada@example.org"), &json!("Europe/London")));
    for viewer in [server.client(), bob.client.clone()] {
        let seen = viewer.get("/users/ada").await.expect(200);
        assert!(!seen.to_string().contains("example.org\"") || seen["email"].is_null(), "{seen}");
        for (field, value) in [("username", "Ada"), ("name", "Ada L."), ("bio", "first"), ("region", "EU")] {
            assert_eq!(seen[field], value);
        }
        assert_eq!(seen["title"], "Novice");
        assert_eq!((&seen["level"], &seen["xp"]), (&own["level"], &own["xp"]));
        for secret in ["email", "timezone", "referral_code", "email_verified"] {
            assert!(seen.get(secret).is_none_or(Value::is_null), "{secret} in {seen}");
        }
    }

    ada.change(json!({"is_public": false})).await;
    for viewer in [server.client(), bob.client.clone()] {
        let seen = viewer.get("/users/ada").await.expect(200);
        let shown: Vec<&String> = seen
            .as_object()
            .expect("a profile")
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
            .collect();
        let mut shown = shown;
        shown.sort();
        assert_eq!(shown, ["id", "is_public", "name", "username"], "{seen}");
    }
    assert_eq!(ada.get("/users/ada").await["bio"], "first");
    ada.get("/users/ada/stats").await;
}

#[tokio::test]
async fn public_profile_is_revalidated_by_etag() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let client = server.client();
    let first = client.get("/users/ada").await;
    assert_eq!(first.header("cache-control"), Some("public, no-cache"));
    assert!(first.header("vary").is_some_and(|vary| vary.to_lowercase().contains("authorization")));
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = async || client.send(client.request(Method::GET, "/users/ada").header("if-none-match", &tag)).await;
    assert_eq!((again().await.status, &*again().await.text), (304, ""));
    ada.change(json!({"is_public": false})).await;
    assert_eq!(again().await.status, 200);
    assert_eq!(ada.client.get("/users/ada").await.header("cache-control"), Some("private, no-store"));
}

#[tokio::test]
async fn level_states_progress_to_the_next() {
    let server = Server::start().await;
    let ada = TestUser::register(&server, "ada").await;
    let level = async || server.client().get("/users/ada/level").await.expect(200);
    let first = json!({"level": 1, "title": "Novice", "xp": 0, "level_xp": 0, "next_level_xp": 400,
                       "xp_to_next_level": 400, "progress": 0.0});
    assert_eq!(level().await, first);
    ada.sync(&Batch::of([TestMessage::new("m").output(6_409_999)])).await;
    let shown = level().await;
    // 10 XP for the day, 1 per 10,000 tokens, and those of the achievements.
    let achievements = server.database().rows("SELECT (sum(xp) / 100)::bigint FROM progress_events");
    let xp = 10 + 640 + achievements.trim().parse::<u64>().expect("a sum");
    let level = (xp / 100).isqrt();
    let (starts, next) = (100 * level * level, 100 * (level + 1) * (level + 1));
    let figures = ["xp", "level", "level_xp", "next_level_xp", "xp_to_next_level"].map(|name| shown[name].as_u64());
    assert_eq!(figures, [xp, level, starts, next, next - xp].map(Some));
    assert_eq!(shown["title"], "Novice");
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let done = (xp - starts) as f64 / (next - starts) as f64;
    assert!(shown["progress"].as_f64().is_some_and(|progress| (progress - done).abs() < 1e-12), "{shown}");
    let overview = ada.overview().await;
    for field in ["level", "title", "xp", "xp_to_next_level"] {
        assert_eq!(overview[field], shown[field], "{field}");
    }
}

#[tokio::test]
async fn heatmap_has_all_days_and_four_levels() {
    let server = Server::start().await;
    let ada = TestUser::register_in(&server, "ada", "Asia/Tokyo").await;
    let day = |day: i8, tokens: u64| {
        let at = date_at(2024, 3, day).in_tz("Asia/Tokyo").expect("a zone").timestamp();
        TestMessage::new(format!("{day}")).at(at).model("gpt-5-mini").output(tokens)
    };
    let other_year = TestMessage::new("other").at("2023-12-31T14:59:59Z".parse().expect("an instant")).output(5_000);
    let messages = (1..=8_i8).map(|n| day(n, 10 * u64::from(n.unsigned_abs())));
    ada.sync(&Batch::of(messages.chain([other_year]))).await;

    let heatmap = server.client().get("/users/ada/heatmap?year=2024").await.expect(200);
    assert_eq!(heatmap["year"], 2024);
    let days = heatmap["days"].as_array().expect("days");
    assert_eq!(days.len(), 366);
    assert_eq!((&days[0]["date"], &days[365]["date"]), (&json!("2024-01-01"), &json!("2024-12-31")));
    let levels: Vec<u64> = days.iter().filter_map(|day| day["level"].as_u64()).filter(|level| *level > 0).collect();
    assert_eq!(levels, [1, 1, 2, 2, 3, 3, 4, 4]);
    let third = named(&heatmap["days"], "date", "2024-03-03");
    assert_eq!((&third["tokens"], third["cost"].as_f64()), (&json!(30), Some(0.000_06)));
    let before = ada.get("/users/ada/heatmap?year=2023").await;
    assert_eq!(named(&before["days"], "date", "2023-12-31")["tokens"], 5_000, "still the old year in Tokyo");
}

#[tokio::test]
async fn platform_totals_are_those_the_worker_computed() {
    let server = Server::start().await;
    let answer = server.client().get("/stats/platform").await;
    assert!(answer.header("cache-control").is_some_and(|value| value.contains("max-age=900")), "{:?}", answer.headers);
    assert_eq!(answer.expect(200), json!({"total_tokens": 0, "total_users": 0, "total_tools": 0}));
    for (name, source, tokens) in [("ada", "codex", 10), ("bob", "codex", 20), ("eve", "gemini-cli", 30)] {
        let user = TestUser::register(&server, name).await;
        user.change(json!({"is_public": name != "eve"})).await;
        user.sync(&Batch::of([TestMessage::new("m").output(tokens)]).source(source)).await;
    }
    let platform = async || server.client().get("/stats/platform").await.expect(200);
    assert_eq!(platform().await, json!({"total_tokens": 0, "total_users": 0, "total_tools": 0}), "not computed yet");
    let compute = || assert!(server.database().run("worker", &["run-once", "platform"]).status.success());
    compute();
    let totals = json!({"total_tokens": 60, "total_users": 3, "total_tools": 2});
    assert_eq!(platform().await, totals);
    // A single sync is not shown before the next hour; a tool without tokens is never shown.
    let joe = TestUser::register(&server, "joe").await;
    joe.sync(&Batch::of([TestMessage::new("m").output(7)]).source("codex")).await;
    joe.sync(&Batch::of([TestMessage::new("n")]).source("never-used")).await;
    assert_eq!(platform().await, totals);
    compute();
    assert_eq!(platform().await, json!({"total_tokens": 67, "total_users": 4, "total_tools": 2}));
}

#[tokio::test]
async fn health_of_working_server_is_ok() {
    let server = Server::start().await;
    for path in ["/health", "/health/live", "/health/ready"] {
        let answer = server.client().get(path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.expect(200)["status"], "ok", "{path}");
    }
}
