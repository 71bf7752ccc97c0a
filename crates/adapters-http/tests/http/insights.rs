//! `/insights` and `/users/me/flags`, over the wire.

use domain::insights::{Benchmark, Measure, OwnFigures, Spread};
use domain::plausibility::{EvidenceKind, FlagReason, Flags, StandingFlag};
use serde_json::{Value, json};
use time::macros::{date, datetime};

use crate::support::world::{ADA, ALL_SCOPES, NOW, World, ada, api_token, bob, dollars};

/// Ada among `people` accounts; the first has no usage, and each other one step more than the one before.
fn world(people: u32) -> World {
    let mut world = World::new();
    world.insights.expect_benchmark().returning(move |period| {
        let steps = [2_000, 10_i128.pow(16), 1, 1, 2_000_000];
        let spread = |step| Spread::of(&(0..people).map(|n| i128::from(n) * step).collect::<Vec<_>>());
        let spreads = Measure::ALL.into_iter().zip(steps).map(|(measure, step)| (measure, spread(step))).collect();
        let created_at = datetime!(2026-11-01 10:05 UTC);
        Ok(Some(Benchmark { period, people, spreads, created_at, computed_at: NOW }))
    });
    world.insights.expect_own().returning(|window, today| {
        assert_eq!((window.user, today), (ADA, date!(2026 - 11 - 22)));
        Ok(Some(OwnFigures {
            tokens: 112_250,
            input: 250_000,
            cache_read: 750_000,
            unpriced_tokens: 7,
            cost: dollars("0.3508"),
            days: 9,
            tools: 1,
            week: 20,
            week_before: 10,
            active_days: [date!(2026 - 11 - 20), date!(2026 - 11 - 21), today].into(),
        }))
    });
    world
}

async fn insights(world: World, query: &str) -> Value {
    let answer = world.serve().request("GET", &format!("/api/v1/insights{query}")).bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{query}");
    answer.json()
}

#[actix_web::test]
async fn insights_compare_the_caller_with_the_community() {
    let answer = insights(world(51), "").await;
    let mut figures = answer.clone();
    let listed = figures.as_object_mut().expect("an object");
    let (insights, advice) = (listed.remove("insights"), listed.remove("recommendations"));
    assert_eq!(
        figures,
        json!({
            "id": ADA.0, "username": "Ada", "period": "all", "created_at": "2026-11-01T10:05:00Z",
            "updated_at": "2026-11-22T12:34:56.789Z", "user_total_tokens": 112_250, "user_total_cost": 0.3508,
            "user_current_streak": 3, "user_unique_tools": 1, "user_cache_efficiency": 75.0, "user_unique_days": 9,
            "community_avg_tokens": 50_000, "community_median_tokens": 50_000, "community_avg_cost": 0.25,
            "community_avg_streak": 25.0, "community_avg_unique_tools": 25.0, "community_avg_cache_efficiency": 50.0,
            "community_total_users": 51, "tokens_percentile": 99.02, "cost_percentile": 70.59, "streak_percentile": 6.86,
            "tools_percentile": 2.94, "cache_efficiency_percentile": 74.51, "is_above_average_tokens": true,
            "is_above_average_streak": false, "is_above_average_cache_efficiency": true,
        })
    );
    let insights = insights.expect("insights");
    let types: Vec<_> = insights.as_array().expect("a list").iter().map(|insight| &insight["type"]).collect();
    assert_eq!(types, ["tokens", "trend", "tokens", "streak", "unpriced"]);
    assert_eq!(
        insights[1],
        json!({"type": "trend", "title": "More than the week before", "sentiment": "positive",
               "message": "20 tokens in the last 7 days, 100 % more than in the 7 days before."})
    );
    assert_eq!(
        advice,
        Some(json!([{
            "title": "Complete your costs",
            "message": "Usage of models that have no known price counts as tokens, and not as cost.",
            "action": "See which of your models have no price, and ask an administrator to set one.",
        }]))
    );
}

#[actix_web::test]
async fn insights_with_too_few_accounts_have_no_percentiles() {
    let answer = insights(world(19), "?period=week").await;
    for name in ["tokens", "cost", "streak", "tools", "cache_efficiency"] {
        assert_eq!(answer[format!("{name}_percentile")], Value::Null, "{name}");
    }
    assert_eq!((&answer["period"], &answer["community_total_users"]), (&json!("week"), &json!(19)));
    assert_eq!(answer["community_avg_tokens"], 18_000);
    assert_eq!(answer["insights"][0]["type"], "community");
}

#[actix_web::test]
async fn insights_without_other_accounts_have_zero_averages() {
    let mut world = World::new();
    world.insights.expect_benchmark().returning(|period| {
        Ok(Some(Benchmark { period, people: 0, spreads: vec![], created_at: NOW, computed_at: NOW }))
    });
    world.insights.expect_own().returning(|_, _| Ok(Some(OwnFigures::default())));
    let answer = insights(world, "?period=month").await;
    assert_eq!(
        ["user_cache_efficiency", "community_avg_cache_efficiency", "is_above_average_cache_efficiency"]
            .map(|name| answer[name].clone()),
        [Value::Null, Value::Null, Value::Null]
    );
    assert_eq!([&answer["community_avg_tokens"], &answer["community_avg_cost"]], [&json!(0), &json!(0)]);
    assert_eq!(answer["is_above_average_tokens"], false);
}

#[actix_web::test]
async fn insights_before_first_benchmark_are_not_found() {
    let mut world = World::new();
    world.insights.expect_benchmark().returning(|_| Ok(None));
    let answer = world.serve().request("GET", "/api/v1/insights?period=month").bearer(&ada()).send().await;
    assert_eq!(answer.status, 404);
    let body = answer.json();
    assert_eq!(body["error_code"], "NOT_FOUND");
    assert_eq!(body["details"], json!({"resource": "Benchmark", "field": "period", "value": "month"}));
}

#[actix_web::test]
async fn insights_forbidden_or_invalid_request_is_refused() {
    let client = world(20).serve();
    for path in ["/api/v1/insights", "/api/v1/users/me/flags"] {
        assert_eq!(client.get(path).await.status, 401, "{path}");
        let sync_only = ALL_SCOPES[0];
        assert_eq!(client.request("GET", path).bearer(&api_token(sync_only)).send().await.status, 403, "{path}");
    }
    let answer = client.request("GET", "/api/v1/insights?period=day").bearer(&ada()).send().await;
    assert_eq!(answer.problems(), [r#"["query","period"] enum"#]);
    assert_eq!(client.get("/api/v1/insights?period=day").await.status, 401);
}

#[actix_web::test]
async fn plausibility_reasons_are_shown_to_the_owner() {
    let mut world = World::new();
    world.plausibility.expect_flags().returning(|user, now| {
        assert_eq!(now, NOW);
        let reason = |kind, score| FlagReason { kind, score, message: "Why.".into(), first_seen: NOW, last_seen: NOW };
        let standing = StandingFlag { reason: "A copy.".into(), created_at: NOW, expires_at: None };
        let flags = Flags {
            reasons: vec![reason(EvidenceKind::SharedMessages, 90), reason(EvidenceKind::DailyVolume, 13)],
            standing: Some(standing),
        };
        Ok(if user == ADA { flags } else { Flags::default() })
    });
    let client = world.serve();
    let at = "2026-11-22T12:34:56.789Z";
    let reason = |kind: &str, score: u8| json!({"kind": kind, "message": "Why.", "score": score, "first_seen": at, "last_seen": at});
    let answer = client.request("GET", "/api/v1/users/me/flags").bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(
        answer.json(),
        json!({
            "score": 90, "reasons": [reason("shared_messages", 90), reason("daily_volume", 13)],
            "standing": {"reason": "A copy.", "created_at": at, "expires_at": null},
        })
    );
    let answer = client.request("GET", "/api/v1/users/me/flags").bearer(&bob()).send().await;
    assert_eq!(answer.json(), json!({"score": 0, "reasons": [], "standing": null}));
}
