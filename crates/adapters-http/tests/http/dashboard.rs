//! `/dashboard` and `/stats`, over the wire, and what the document says of all routes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::world::{World, ada};

async fn dashboard(path: &str) -> Value {
    let answer = World::new().serve().request("GET", &format!("/api/v1/dashboard{path}")).bearer(&ada()).send().await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{path}");
    answer.json()
}

#[actix_web::test]
async fn overview_has_all_figures() {
    assert_eq!(
        dashboard("/overview").await,
        json!({
            "total_tokens": 112_250, "total_input_tokens": 3000, "total_output_tokens": 6000,
            "total_cache_read_tokens": 9000, "total_cache_write_tokens": 12000, "total_reasoning_tokens": 1250,
            "total_cost": 0.3508, "unpriced_tokens": 7, "current_streak": 3, "longest_streak": 3,
            "streak_at_risk": false, "monthly_tokens": 10_000_000, "monthly_badge": "Power User", "unique_days": 3,
            "unique_models": 2, "unique_sources": 1, "cache_efficiency": 75.0, "level": 2, "title": "Novice",
            "xp": 610, "xp_to_next_level": 290, "achievements_unlocked": 5,
        })
    );
}

#[actix_web::test]
async fn trends_default_is_30_days_without_gaps() {
    let trends = dashboard("/trends").await;
    assert_eq!(trends["daily_data"].as_array().map(Vec::len), Some(30));
    let trends = dashboard("/trends?days=2").await;
    let day = |date: &str, tokens: i64, cost: f64| {
        json!({
            "date": date, "tokens": tokens, "cost": cost, "input_tokens": 0, "output_tokens": 0,
            "cache_read_tokens": 0, "cache_write_tokens": 0, "reasoning_tokens": 0,
        })
    };
    let mut expected = json!({
        "daily_data": [day("2026-11-21", 0, 0.0), day("2026-11-22", 12, 0.25)],
        "period_start": "2026-11-21", "period_end": "2026-11-22", "previous": {"tokens": 6, "cost": 0.25},
        "change": {"tokens": 1.0, "cost": 0.0}, "by_weekday": [0, 0, 0, 0, 0, 0, 12], "by_hour": vec![1; 24],
    });
    expected["daily_data"][0]["cost"] = json!(0);
    assert_eq!(trends, expected);
}

#[actix_web::test]
async fn lists_by_name_have_shares() {
    let used = json!({"cost": 0.3508, "days_active": 2, "first_used": "2026-11-20", "last_used": "2026-11-22"});
    let with = |more: Value| {
        let mut used = used.clone();
        used.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        used
    };
    let tools = [
        with(json!({"source": "claude-code", "tokens": 2, "percentage": 66.67})),
        with(json!({"source": "codex", "tokens": 1, "percentage": 33.33})),
    ];
    assert_eq!(dashboard("/tools").await, json!({"tools": tools, "total_tools": 2}));
    let models =
        [with(json!({"model": "claude-sonnet-4-5", "tokens": 3, "percentage": 100.0, "cost_status": "partial"}))];
    assert_eq!(dashboard("/models?period=week").await, json!({"models": models, "total_models": 1}));
    let projects = [with(json!({"project": "shop", "tokens": 1, "percentage": 33.33}))];
    assert_eq!(dashboard("/projects?period=month").await, json!({"projects": projects, "total_projects": 1}));
    let machine = json!({
        "machine_id": "default", "tokens": 3, "cost": 0.3508, "last_synced_at": "2026-11-22T12:34:56.789Z",
    });
    assert_eq!(dashboard("/machines").await, json!({"machines": [machine], "total_machines": 1}));
}

#[actix_web::test]
async fn dashboard_invalid_values_are_a_422() {
    let client = World::new().serve();
    for (path, problem) in [
        ("/trends?days=0", r#"["query","days"] greater_than_equal"#),
        ("/trends?days=366", r#"["query","days"] less_than_equal"#),
        ("/trends?days=many", r#"["query","days"] int_parsing"#),
        ("/tools?period=ever", r#"["query","period"] enum"#),
        ("/projects?period=ever", r#"["query","period"] enum"#),
        ("/models?period=", r#"["query","period"] enum"#),
    ] {
        let answer = client.request("GET", &format!("/api/v1/dashboard{path}")).bearer(&ada()).send().await;
        assert_eq!(answer.problems(), [problem], "{path}");
    }
}

#[actix_web::test]
async fn platform_totals_are_cached_for_15_minutes() {
    let answer = World::new().serve().get("/api/v1/stats/platform").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("public, max-age=900")));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(text, r#"{"total_tokens":1180591620717411303424,"total_users":3,"total_tools":2}"#);
}

#[actix_web::test]
async fn dashboard_operations_are_documented_with_examples() {
    let document = World::new().serve().get("/api/v1/openapi.json").await.json();
    let mut operations = 0;
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            operations += 1;
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}: {}", operation["operationId"]);
            let request_body = &operation["requestBody"]["content"]["application/json"];
            assert!(request_body.is_null() || request_body["example"].is_object(), "{method} {path}");
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let content = &response["content"]["application/json"];
                assert!(content.is_null() || !content["example"].is_null(), "{method} {path} {status}");
            }
            let optional = operation["security"].as_array().is_some_and(|ways| ways.contains(&json!({})));
            let signed_in = operation["security"].is_array() && !optional;
            // Friends need a token, the other boards none; so does an email, and what it is asked for none.
            let some = ["/login", "{provider}/device", "/leaderboard", "/verify-email"]
                .into_iter()
                .any(|end| path.ends_with(end));
            let checks = signed_in || some;
            assert_eq!(operation["responses"]["401"].is_object(), checks, "{method} {path}");
        }
    }
    assert_eq!(
        operations,
        7 + 4 + 3 + 3 + 4 + 8 + 2 + 9 + 4 + 6 + 5 + 1 + 1 + 1 + 3 + 3 + 2 + 1 + 1 + 5 + 1 + 2 + 12 + 1 + 2 + 5 + 9 + 1
    );
}

/// The names of all fields, at every depth.
fn names(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push(format!("{at}.{name}"));
                names(value, &format!("{at}.{name}"), found);
            }
        }
        Value::Array(items) => items.iter().take(1).for_each(|item| names(item, &format!("{at}[]"), found)),
        _ => {}
    }
}

#[actix_web::test]
async fn dashboard_responses_have_the_fields_of_their_examples() {
    let client = World::new().serve();
    let document = client.get("/api/v1/openapi.json").await.json();
    for path in [
        "/auth/me",
        "/users/{username}",
        "/users/{username}/stats",
        "/users/{username}/level",
        "/users/{username}/tools",
        "/users/{username}/models",
        "/users/{username}/trends",
        "/users/{username}/heatmap",
        "/users/{username}/followers",
        "/users/{username}/following",
        "/users/{username}/follow-stats",
        "/users/{a}/compare/{b}",
        "/users/me/follow-requests",
        "/dashboard/overview",
        "/dashboard/trends",
        "/dashboard/tools",
        "/dashboard/models",
        "/dashboard/machines",
        "/dashboard/projects",
    ] {
        let address =
            format!("/api/v1{}", path.replace("{username}", "ada").replace("{a}", "ada").replace("{b}", "ada"));
        let request = client.request("GET", &address);
        let request = if path.starts_with("/users/{") { request } else { request.bearer(&ada()) };
        let answer = request.send().await.json();
        let documented = &document["paths"][format!("/api/v1{path}")]["get"]["responses"]["200"]["content"];
        let example = &documented["application/json"]["example"];
        let (mut sent, mut shown) = (Vec::new(), Vec::new());
        names(&answer, "", &mut sent);
        names(example, "", &mut shown);
        sent.sort();
        shown.sort();
        assert_eq!(sent, shown, "{path}");
    }
}
