//! `/admin` and what else is for administrators, over the wire. Ada is one.

use std::sync::{Arc, Mutex};

use domain::administration::{self, AdminActionKind, AuditEntry, AuditRecord, Flag};
use domain::ids::{JobId, UserId};
use domain::jobs::JobStatus;
use domain::jobs::ports::{HeldJob, ListedJob, QueueState};
use domain::page::Page;
use domain::payload::StoredData;
use domain::plausibility::{EvidenceKind, FlagReason, Suspect};
use domain::pricing::ports::TableOrigin;
use domain::pricing::{Edition, PriceDecision, PriceDecisionId, PriceOverride, UnpricedModel, line};
use domain::testing::TestUnitOfWork;
use domain::usage::{Model, ModelName, Provider};
use domain::users::Username;
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use crate::support::client::{Client, TestResponse};
use crate::support::world::{ADA, ALL_SCOPES, BOB, NOW, World, ada, api_token, bob, user};

const AT: &str = "2026-11-22T12:34:56.789Z";
const ID: Uuid = Uuid::from_u128(9);

/// What was written to the log.
type Log = Arc<Mutex<Vec<AuditRecord>>>;

/// A world in which Bob can be found, and acts are written down.
fn world(prepare: impl Fn(&mut TestUnitOfWork) + Send + Sync + 'static) -> (World, Log) {
    let log = Log::default();
    let kept = log.clone();
    let world = World::new().storing(move |tx| {
        tx.users.expect_find().returning(|id| Ok(Some(user(id))));
        tx.users.expect_find_by_username().returning(|name| {
            let bob = user(BOB);
            Ok((bob.username == *name).then_some((bob, None)))
        });
        let kept = kept.clone();
        tx.administration.expect_record().returning(move |entry| {
            kept.lock().expect("a log").push(entry.clone());
            Ok(())
        });
        prepare(tx);
    });
    (world, log)
}

/// The names of what was done, with the address it was done from.
fn done(log: &Log) -> Vec<(&'static str, String)> {
    let line = |entry: &AuditRecord| {
        let domain::administration::AuditActor::Administrator(by) = &entry.actor else { panic!("no operator is here") };
        assert_eq!((by.id(), by.ip(), entry.at), (ADA, Some("127.0.0.1"), NOW));
        (entry.action.kind.name(), entry.action.target.name())
    };
    log.lock().expect("a log").iter().map(line).collect()
}

async fn ask(client: Client, method: &str, path: &str, body: Option<Value>) -> TestResponse {
    let request = client.request(method, &format!("/api/v1{path}")).bearer(&ada());
    match body {
        Some(body) => request.json(&body).send().await,
        None => request.send().await,
    }
}

/// The operations for administrators, from the API's document: method and path.
async fn operations(client: &Client) -> Vec<(String, String)> {
    let document = client.get("/api/v1/openapi.json").await.json();
    let mut operations = vec![("POST".to_owned(), "/api/v1/leaderboard/refresh".to_owned())];
    for (path, item) in document["paths"].as_object().expect("paths") {
        if path.starts_with("/api/v1/admin/") {
            let filled = path.replace("{username}", "bob").replace("{id}", "x");
            let methods = item.as_object().expect("operations").keys();
            operations.extend(methods.map(|method| (method.to_uppercase(), filled.clone())));
        }
    }
    assert!(operations.len() > 20, "{operations:?}");
    operations
}

#[actix_web::test]
async fn administration_requires_an_administrator_with_a_session() {
    let client = World::new().serve();
    for (method, path) in operations(&client).await {
        // A body that is refused from administrators.
        let request = || client.request(&method, &path).json(&json!([]));
        assert_eq!(request().send().await.status, 401, "{method} {path}");
        request().bearer(&bob()).send().await.assert_error(403, "FORBIDDEN", &json!({}));
        for scopes in ALL_SCOPES {
            request().bearer(&api_token(scopes)).send().await.assert_error(403, "FORBIDDEN", &json!({}));
        }
    }
}

#[actix_web::test]
async fn account_is_flagged_with_a_reason_and_an_expiry() {
    let (world, log) = world(|tx| {
        let insert = tx.administration.expect_insert_flag();
        insert.returning(|_, user, order, by, _| {
            assert_eq!((user, by), (BOB, ADA));
            Ok(order.reason.as_str() != "again")
        });
    });
    let client = world.serve();
    let flag =
        async |name: &str, body: Value| ask(client, "POST", &format!("/admin/users/{name}/flag"), Some(body)).await;
    let answer = flag("bOB", json!({"reason": " made up ", "expires_at": "2026-12-01T00:00:00Z"})).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
    let mut body = answer.json();
    assert!(body["id"].take().is_string());
    let expected = json!({
        "id": null, "user_id": BOB.0, "username": "Bob", "reason": "made up", "flagged_by": "Ada", "created_at": AT,
        "expires_at": "2026-12-01T00:00:00Z", "lifted_at": null, "state": "standing",
    });
    assert_eq!(body, expected);
    assert_eq!(done(&log), [("account_flagged", BOB.to_string())]);

    flag("bob", json!({"reason": "again"})).await.assert_error(
        409,
        "CONFLICT",
        &json!({"resource": "Flag", "field": "username"}),
    );
    let unknown_user = json!({"resource": "User", "field": "username", "value": "nobody"});
    flag("nobody", json!({"reason": "x"})).await.assert_error(404, "NOT_FOUND", &unknown_user);
    flag("bob", json!({"reason": "x", "expires_at": AT})).await.assert_error(400, "BAD_REQUEST", &json!({}));
    for (body, problem) in [
        (json!({}), r#"["body","reason"] missing"#),
        (json!({"reason": ""}), r#"["body","reason"] string_too_short"#),
        (json!({"reason": "   "}), r#"["body","reason"] value_error"#),
        (json!({"reason": "x".repeat(501)}), r#"["body","reason"] string_too_long"#),
        (json!({"reason": "x", "expires_at": "soon"}), r#"["body","expires_at"] datetime_parsing"#),
    ] {
        assert_eq!(flag("bob", body.clone()).await.problems(), [problem], "{body}");
    }
    assert_eq!(done(&log).len(), 1, "nothing else was done");
}

#[actix_web::test]
async fn flag_is_lifted_with_or_without_a_reason() {
    for (body, reason) in [
        (None, None),
        (Some(json!(null)), None),
        (Some(json!({})), None),
        (Some(json!({"reason": null})), None),
        (Some(json!({"reason": "a mistake"})), Some("a mistake")),
    ] {
        let (world, log) = world(|tx| {
            tx.administration.expect_lift_flag().returning(|_, _| Ok(Some(ID)));
            tx.jobs.expect_waiting().times(1).returning(|_, _| Ok(Some(JobId(ID))));
        });
        let answer = ask(world.serve(), "DELETE", "/admin/users/bob/flag", body.clone()).await;
        assert_eq!(answer.status, 204, "{body:?}");
        assert_eq!(done(&log), [("account_unflagged", BOB.to_string())]);
        let details = log.lock().expect("a log")[0].action.details.clone();
        assert_eq!(details[1], ("reason", reason.into()));
    }
    let (world, log) = world(|tx| {
        tx.administration.expect_lift_flag().returning(|_, _| Ok(None));
    });
    let client = world.serve();
    let none = json!({"resource": "Flag", "field": "username", "value": "Bob"});
    ask(client, "DELETE", "/admin/users/bob/flag", None).await.assert_error(404, "NOT_FOUND", &none);
    let blank = ask(client, "DELETE", "/admin/users/bob/flag", Some(json!({"reason": " "}))).await;
    assert_eq!(blank.problems(), [r#"["body","reason"] value_error"#]);
    assert_eq!(ask(client, "DELETE", "/admin/users/bob/flag", Some(json!([]))).await.status, 422);
    assert!(done(&log).is_empty());
}

#[actix_web::test]
async fn flags_and_audit_log_are_paged() {
    let mut world = World::new();
    world.administration.expect_flags().returning(|request| {
        let flag = |expires_at, lifted_at| Flag {
            id: ID,
            user: BOB,
            username: Username::trusted("Bob"),
            reason: administration::AuditReason::trusted("made up"),
            by: None,
            created_at: NOW - Duration::DAY,
            expires_at,
            lifted_at,
        };
        let items = vec![flag(None, None), flag(Some(NOW), None), flag(None, Some(NOW))];
        Ok(Page { items, total: 103, request })
    });
    world.administration.expect_audit().returning(|filter, request| {
        let filter_values = (filter.actor.as_ref().map(Username::as_str), filter.action.map(AdminActionKind::name));
        assert_eq!((filter_values, filter.target.as_deref()), ((Some("ada"), Some("price_set")), Some("house-model")));
        let entry = |by_operator: bool| AuditEntry {
            id: ID,
            at: NOW,
            by_operator,
            actor: (!by_operator).then(|| (ADA, Username::trusted("Ada"))),
            action: "price_set".to_owned(),
            target_kind: "model".to_owned(),
            target: "house-model".to_owned(),
            target_username: None,
            details: StoredData(r#"{"reason": "by contract"}"#.to_owned()),
            ip: (!by_operator).then(|| "192.0.2.7".to_owned()),
        };
        Ok(Page { items: vec![entry(false), entry(true)], total: 2, request })
    });
    let client = world.serve();
    let flags = ask(client, "GET", "/admin/flags?page=2&size=3", None).await.json();
    assert_eq!((&flags["total"], &flags["page"], &flags["pages"]), (&json!(103), &json!(2), &json!(35)));
    let states: Vec<&Value> = flags["items"].as_array().expect("a list").iter().map(|flag| &flag["state"]).collect();
    assert_eq!(states, ["standing", "expired", "lifted"]);
    assert_eq!(flags["items"][0]["flagged_by"], Value::Null);

    let log = ask(client, "GET", "/admin/audit?actor=ada&action=price_set&subject=house-model", None).await.json();
    let expected = json!({
        "id": ID, "at": AT, "by_operator": false, "actor": {"id": ADA.0, "username": "Ada"}, "action": "price_set",
        "subject": {"kind": "model", "id": "house-model", "username": null}, "details": {"reason": "by contract"},
        "ip": "192.0.2.7",
    });
    assert_eq!(log["items"][0], expected);
    assert_eq!((&log["items"][1]["by_operator"], &log["items"][1]["actor"]), (&json!(true), &Value::Null));
    let wrong = ask(client, "GET", "/admin/audit?action=sing&actor=&subject=%00&size=0", None).await;
    assert_eq!(wrong.status, 422);
    let wrong = ask(client, "GET", "/admin/audit?action=sing&actor=&size=0", None).await;
    assert_eq!(
        wrong.problems(),
        [
            r#"["query","size"] greater_than_equal"#,
            r#"["query","actor"] string_too_short"#,
            r#"["query","action"] enum"#
        ]
    );
}

#[actix_web::test]
async fn suspects_are_paged_with_their_reasons() {
    let mut world = World::new();
    world.plausibility.expect_suspects().returning(|score, now, request| {
        assert_eq!((score, now), (if request.page == 2 { 40 } else { 1 }, NOW));
        let reason = |kind, score| FlagReason {
            kind,
            score,
            message: "It was found.".to_owned(),
            first_seen: NOW - Duration::DAY,
            last_seen: NOW,
        };
        let suspect = Suspect {
            user: BOB,
            username: Username::trusted("Bob"),
            reasons: vec![
                (reason(EvidenceKind::SharedMessages, 90), Some(Username::trusted("Ada"))),
                (reason(EvidenceKind::DailyVolume, 13), None),
            ],
            is_flagged: true,
        };
        Ok(Page { items: vec![suspect], total: 103, request })
    });
    let client = world.serve();
    let reason = |kind: &str, score: u8, other: Option<&str>| {
        json!({"kind": kind, "score": score, "message": "It was found.", "first_seen": "2026-11-21T12:34:56.789Z",
               "last_seen": AT, "other_username": other})
    };
    let bob = json!({
        "user_id": BOB.0, "username": "Bob", "score": 90, "is_flagged": true,
        "reasons": [reason("shared_messages", 90, Some("Ada")), reason("daily_volume", 13, None)],
    });
    let page = ask(client, "GET", "/admin/suspects?score=40&page=2&size=3", None).await;
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    assert_eq!(page.json(), json!({"items": [bob], "total": 103, "page": 2, "size": 3, "pages": 35}));
    assert_eq!(ask(client, "GET", "/admin/suspects", None).await.json()["size"], 50);
    for (query, problem) in [
        ("score=0", r#"["query","score"] greater_than_equal"#),
        ("score=101", r#"["query","score"] less_than_equal"#),
        ("score=x", r#"["query","score"] int_parsing"#),
        ("size=101", r#"["query","size"] less_than_equal"#),
    ] {
        let wrong = ask(client, "GET", &format!("/admin/suspects?{query}"), None).await;
        assert_eq!(wrong.problems(), [problem], "{query}");
    }
}

fn decided(prices: Option<&str>) -> PriceOverride {
    PriceOverride {
        model: ModelName::trusted("house-model"),
        provider: Some(Provider::trusted("house")),
        valid_from: NOW,
        prices: prices.map(|prices| line::prices(prices).expect("prices")),
    }
}

/// A world in which the decision 4 stands, and prices can be decided; what is decided, as text.
fn pricing() -> (World, Log, Arc<Mutex<Vec<String>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let lines = kept.clone();
    let (world, log) = world(move |tx| {
        tx.prices.expect_lock().returning(|| Ok(TableOrigin::default()));
        tx.prices.expect_decision().returning(|id| Ok((id == PriceDecisionId(4)).then(|| decided(Some("in=1 out=1")))));
        tx.prices.expect_last_decision().returning(|_, _| Ok(Some(PriceDecisionId(4))));
        let lines = lines.clone();
        tx.prices.expect_insert_decision().returning(move |decided, by, _, reason| {
            assert_eq!(by, ADA);
            let prices = decided.prices.as_ref().map_or("an end".to_owned(), ToString::to_string);
            let PriceOverride { model, provider, valid_from, .. } = decided;
            let line = format!("{model} {provider:?} {valid_from} {prices}: {}", reason.as_str());
            lines.lock().expect("a list").push(line);
            Ok(PriceDecisionId(5))
        });
        tx.prices.expect_next_edition().returning(|| Ok(Edition(1)));
        tx.jobs.expect_enqueue().times(0..=1).returning(|jobs, _| {
            assert_eq!(jobs[0].1.key, "override:5");
            Ok(1)
        });
    });
    (world, log, kept)
}

#[actix_web::test]
async fn price_override_is_stored_in_exact_decimals() {
    let (world, log, kept) = pricing();
    let client = world.serve();
    let body = json!({
        "model": "House-Model", "provider": "house", "valid_from": "2026-11-01T01:00:00+01:00",
        "prices": {"input": "3", "output": "0.000000001", "cache_read": "0.30", "cache_write": null, "tiers": [
            {"above_thousands": 200, "output": "22.5", "reasoning": "1000"},
        ]},
        "reason": "by contract",
    });
    let answer = ask(client, "POST", "/admin/prices/overrides", Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let expected = json!({
        "id": 5, "model": "house-model", "provider": "house", "valid_from": "2026-11-01T00:00:00Z",
        "prices": {
            "input": "3", "output": "0.000000001", "cache_read": "0.3", "cache_write": null, "cache_write_1h": null,
            "reasoning": null,
            "tiers": [{"above_thousands": 200, "input": "3", "output": "22.5", "cache_read": "0.3", "cache_write": null,
                       "cache_write_1h": null, "reasoning": "1000"}],
        },
        "reason": "by contract", "decided_by": ADA.0, "decided_at": AT, "stands": true,
    });
    assert_eq!(answer.json(), expected);
    let now = json!({"model": "m", "prices": {"input": "0", "output": "0"}, "reason": "free"});
    let answer = ask(client, "POST", "/admin/prices/overrides", Some(now)).await;
    assert_eq!(
        (answer.status, &answer.json()["valid_from"], &answer.json()["provider"]),
        (201, &json!(AT), &Value::Null)
    );
    assert_eq!(done(&log), [("price_set", "house-model".to_owned()), ("price_set", "m".to_owned())]);
    let kept = kept.lock().expect("a list");
    assert!(
        kept[0].ends_with("in=3 out=0.000000001 read=0.3 >200k in=3 out=22.5 read=0.3 think=1000: by contract"),
        "{kept:?}"
    );
}

#[actix_web::test]
async fn price_override_problems_are_listed_together() {
    let (world, log, _) = pricing();
    let client = world.serve();
    let set = async |body: Value| ask(client, "POST", "/admin/prices/overrides", Some(body)).await.problems();
    let wrong = json!({
        "model": "", "provider": 7, "valid_from": "now",
        "prices": {"input": 3, "output": "1000.1", "cache_read": "-1", "tiers": [
            {"above_thousands": 0, "input": "x"}, 7,
        ]},
    });
    assert_eq!(
        set(wrong).await,
        [
            r#"["body","model"] string_too_short"#,
            r#"["body","provider"] string_type"#,
            r#"["body","valid_from"] datetime_parsing"#,
            r#"["body","prices","input"] string_type"#,
            r#"["body","prices","output"] string_pattern_mismatch"#,
            r#"["body","prices","cache_read"] string_pattern_mismatch"#,
            r#"["body","prices","tiers",1] value_error"#,
            r#"["body","reason"] missing"#,
        ]
    );
    let with = |prices: Value| json!({"model": "m", "reason": "x", "prices": prices});
    let tier = json!({"above_thousands": 200, "input": "x"});
    for (body, problems) in [
        (json!({"model": "m", "reason": "x"}), &[r#"["body","prices"] missing"#][..]),
        (with(json!([])), &[r#"["body","prices"] value_error"#]),
        (with(json!({})), &[r#"["body","prices","input"] missing"#, r#"["body","prices","output"] missing"#]),
        (
            with(json!({"input": "1", "output": "1", "tiers": [{"above_thousands": 0}, tier]})),
            &[
                r#"["body","prices","tiers",0,"above_thousands"] greater_than_equal"#,
                r#"["body","prices","tiers",1,"input"] string_pattern_mismatch"#,
            ],
        ),
        (
            with(json!({"input": "1", "output": "1", "tiers": [{"above_thousands": 1}, {"above_thousands": 1}]})),
            &[r#"["body","prices","tiers"] value_error"#],
        ),
        (with(json!({"input": "1", "output": "1", "tiers": null})), &[r#"["body","prices","tiers"] value_error"#]),
    ] {
        assert_eq!(set(body.clone()).await, problems, "{body}");
    }
    assert!(done(&log).is_empty());
}

#[actix_web::test]
async fn price_override_is_ended_by_its_number() {
    let (world, log, kept) = pricing();
    let client = world.serve();
    let end =
        async |id: &str, body: Value| ask(client, "DELETE", &format!("/admin/prices/overrides/{id}"), Some(body)).await;
    assert_eq!(end("4", json!({"reason": "over"})).await.status, 204);
    assert_eq!(done(&log), [("price_ended", "house-model".to_owned())]);
    assert!(kept.lock().expect("a list")[0].ends_with("an end: over"));
    let unknown = json!({"resource": "PriceOverride", "field": "id", "value": "3"});
    end("3", json!({"reason": "over"})).await.assert_error(404, "NOT_FOUND", &unknown);
    assert_eq!(end("4", json!({})).await.problems(), [r#"["body","reason"] missing"#]);
    assert_eq!(end("four", json!({"reason": "over"})).await.problems(), [r#"["path","id"] int_parsing"#]);
    assert_eq!(end("0", json!({"reason": "over"})).await.problems(), [r#"["path","id"] greater_than_equal"#]);
    assert_eq!(done(&log).len(), 1);
}

#[actix_web::test]
async fn price_overrides_and_unpriced_models_are_listed() {
    let mut world = World::new();
    world.prices.expect_decisions().returning(|| {
        let of = |id, by: Option<UserId>, prices| PriceDecision {
            id: PriceDecisionId(id),
            decided: decided(prices),
            by,
            at: NOW,
            reason: administration::AuditReason::trusted("by contract"),
        };
        Ok(vec![of(1, None, Some("in=1 out=1")), of(2, Some(ADA), None)])
    });
    world.prices.expect_unpriced_models().withf(|limit| *limit == 7).returning(|_| {
        let model = Model { name: ModelName::trusted("house-model"), provider: None };
        let (tokens, messages, people) = (112_250, 5, 2);
        let (first_seen, last_seen) = (NOW - Duration::DAY, NOW);
        Ok(vec![UnpricedModel { model, tokens, messages, people, first_seen, last_seen, is_known_by_now: false }])
    });
    let client = world.serve();
    let listed = ask(client, "GET", "/admin/prices/overrides", None).await.json();
    assert_eq!((&listed["total"], &listed["overrides"][0]["id"]), (&json!(2), &json!(2)), "the latest first");
    let listed_at = |n: usize| (&listed["overrides"][n]["prices"], &listed["overrides"][n]["stands"]);
    assert_eq!(listed_at(0), (&Value::Null, &json!(false)));
    assert_eq!((&listed_at(1).0["input"], listed_at(1).1), (&json!("1"), &json!(false)), "it was ended");

    let models = ask(client, "GET", "/admin/models/unpriced?limit=7", None).await.json();
    let expected = json!({"models": [{
        "model": "house-model", "provider": null, "tokens": 112_250, "messages": 5, "people": 2,
        "first_seen": "2026-11-21T12:34:56.789Z", "last_seen": AT, "is_known_by_now": false,
    }]});
    assert_eq!(models, expected);
    for limit in ["0", "1001"] {
        assert_eq!(ask(client, "GET", &format!("/admin/models/unpriced?limit={limit}"), None).await.status, 422);
    }
}

#[actix_web::test]
async fn queue_jobs_are_listed_retried_and_removed() {
    let job = |status| HeldJob { queue: "prices".into(), key: "k".into(), status };
    let (mut world, log) = world(move |tx| {
        tx.jobs.expect_hold().returning(move |id| {
            let status = match id.0.as_u128() {
                1 => JobStatus::Dead,
                2 => JobStatus::Running,
                _ => return Ok(None),
            };
            Ok(Some(job(status)))
        });
        tx.jobs.expect_retry().times(0..=1).returning(|_, _| Ok(()));
        tx.jobs.expect_remove().times(0..=1).returning(|_| Ok(()));
    });
    world
        .queue
        .expect_states()
        .returning(|| Ok(vec![QueueState { queue: "prices".into(), status: JobStatus::Dead, jobs: 1, next_at: None }]));
    world.queue.expect_list().withf(|status, _| *status == Some(JobStatus::Dead)).returning(|_, _| {
        let (id, queue, key) = (JobId(Uuid::from_u128(1)), "prices".to_owned(), "k".to_owned());
        let last_error = Some("timed out".to_owned());
        Ok(vec![ListedJob { id, queue, key, status: JobStatus::Dead, attempts: 8, run_at: NOW, last_error }])
    });
    let client = world.serve();
    let expected = json!({
        "states": [{"kind": "prices", "status": "dead", "jobs": 1, "next_at": null}],
        "dead": [{"id": Uuid::from_u128(1), "kind": "prices", "key": "k", "attempts": 8, "run_at": AT,
                  "last_error": "timed out"}],
    });
    assert_eq!(ask(client, "GET", "/admin/queue", None).await.json(), expected);
    let of = |number: u128| Uuid::from_u128(number).to_string();
    let both = |id: &str| [("POST", format!("/admin/queue/{id}/retry")), ("DELETE", format!("/admin/queue/{id}"))];
    for (method, path) in both(&of(1)) {
        assert_eq!(ask(client, method, &path, None).await.status, 204, "{method}");
    }
    assert_eq!(done(&log), [("job_retried", of(1)), ("job_removed", of(1))]);
    for (method, path) in both(&of(2)) {
        let details = json!({"resource": "Job", "field": "status"});
        ask(client, method, &path, None).await.assert_error(409, "CONFLICT", &details);
    }
    for (method, path) in both(&of(3)) {
        let details = json!({"resource": "Job", "field": "id", "value": of(3)});
        ask(client, method, &path, None).await.assert_error(404, "NOT_FOUND", &details);
    }
    for (method, path) in both("three") {
        assert_eq!(ask(client, method, &path, None).await.status, 422);
    }
    assert_eq!(done(&log).len(), 2);
}

#[actix_web::test]
async fn board_refresh_queues_a_job() {
    let (world, log) = world(|tx| {
        tx.jobs.expect_waiting().times(1).returning(|_, _| Ok(Some(JobId(ID))));
    });
    let answer = ask(world.serve(), "POST", "/leaderboard/refresh", None).await;
    assert_eq!((answer.status, answer.json()), (202, json!({"job_id": ID})));
    assert_eq!(done(&log), [("boards_refreshed", "all".to_owned())]);
}
