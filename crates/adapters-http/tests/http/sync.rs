//! `POST /sync`, over the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::accounts::Account;
use domain::achievements::{AchievementFacts, ProgressEvents, Tier, UnlockedTiers, catalogue, find_by_slug};
use domain::days::Zone;
use domain::progression::EventXp;
use domain::testing::facts;
use domain::usage::ports::{RollupChanges, SyncLock};
use domain::usage::room::NameUse;
use domain::usage::testing::locked;
use domain::usage::{Sums, SyncState};
use serde_json::{Value, json};
use time::macros::{date, datetime};

use crate::support::Client;
use crate::support::client::TestResponse;
use crate::support::world::{World, ada, dollars};

fn account() -> Account {
    Account {
        zone: Some(Zone::utc()),
        totals: Sums { messages: 1, tokens: 100_000, cost: dollars("0.3508"), ..Sums::default() },
        active_days: 2,
        longest_streak: 9,
        event_xp: EventXp(36_000),
        achievements: 5,
        referred_by: None,
        is_rebuild_due: false,
    }
}

/// Every achievement but the one for the first sync.
fn all_but_the_first() -> UnlockedTiers {
    let others = catalogue().iter().filter(|definition| definition.slug != "first-sync");
    others.map(|definition| (definition.id(), Some(Tier::Diamond))).collect()
}

/// A ledger that has stored nothing of what comes, and counts commits.
fn ledger() -> (Client, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = commits.clone();
    let world = World::new().storing(move |tx| {
        tx.commits = counted.clone();
        tx.ledger.expect_lock_for_sync().returning(|_, _| Ok(Some(locked(account()))));
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        let active_days = [date!(2026 - 11 - 20), date!(2026 - 11 - 21), date!(2026 - 11 - 22)].into();
        let facts = AchievementFacts { held: all_but_the_first(), ..facts(active_days) };
        let events = [("referral".to_owned(), EventXp(36_000))].into_iter().collect();
        tx.expect_recording_by(RollupChanges { new_rollups: 2, updated_rollups: 1 }, facts, events);
    });
    (world.serve(), commits)
}

async fn sync(client: Client, body: &Value) -> TestResponse {
    client.request("POST", "/api/v1/sync").bearer(&ada()).json(body).send().await
}

fn camel() -> Value {
    let message = |id: &str, timestamp: &str| {
        json!({"id": id, "timestamp": timestamp, "model": "Somebodys-Model", "inputTokens": 4000, "outputTokens": "250",
               "cacheReadTokens": 2000.0})
    };
    json!({
        "version": "2.0.0", "client": "burntop-cli", "machineId": "abcd1234", "syncedAt": "2026-11-22T12:34:56.789Z",
        "source": "Claude-Code", "messages": [
            message("a", "2026-11-22T12:30:00.000Z"), message("b", "2026-11-22T12:31:00"),
            message("a", "2026-11-22T12:30:00.000Z"), message("c", "2027-11-22T12:30:00.000Z"),
        ],
    })
}

fn snake() -> Value {
    let text = camel().to_string();
    let names = [
        ("machineId", "machine_id"),
        ("syncedAt", "synced_at"),
        ("inputTokens", "input_tokens"),
        ("outputTokens", "output_tokens"),
        ("cacheReadTokens", "cache_read_tokens"),
    ];
    let text = names.iter().fold(text, |text, (camel, snake)| text.replace(camel, snake));
    serde_json::from_str(&text).expect("JSON")
}

#[actix_web::test]
async fn sync_response_is_complete_in_both_spellings() {
    for body in [camel(), snake()] {
        let (client, commits) = ledger();
        let answer = sync(client, &body).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
        assert_eq!(
            answer.json(),
            json!({
                "success": true, "message": "2 of 4 messages synced, 1 known already, 1 rejected.",
                "messagesReceived": 4, "messagesSynced": 2, "messagesUpdated": 0, "messagesDuplicate": 1,
                "messagesSuperseded": 0, "messagesRejected": 1,
                "rejected": [{"index": 3, "id": "c", "reason": "timestamp_in_future"}], "recordsProcessed": 3, "newRecords": 2, "updatedRecords": 1, "unpricedModels": ["somebodys-model"],
                "stats": {
                    "totalTokens": 112_500, "totalCost": 0.3508, "currentStreak": 3, "longestStreak": 3,
                    "achievementsUnlocked": catalogue().len(), "xp": 11 + 30 + 360 + 50, "level": 2, "title": "Novice", "leveledUp": true,
                    "rank": null,
                },
                "warnings": [],
                "newAchievements": [{
                    "id": find_by_slug("first-sync").expect("an achievement").id().0, "slug": "first-sync",
                    "name": "First Light", "description": "Sync your first message.", "category": "onboarding",
                    "rarity": "common", "xp_reward": 50, "tier": null, "icon_url": null,
                }],
            })
        );
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }
}

#[actix_web::test]
async fn sync_dry_run_response_is_equal_and_nothing_is_stored() {
    let (client, commits) = ledger();
    let report = sync(client, &camel()).await.json();
    let mut dry = camel();
    dry["dryRun"] = json!(true);
    assert_eq!(sync(client, &dry).await.json(), report);
    assert_eq!(commits.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn sync_unknown_time_zone_and_project_are_warnings() {
    let (client, commits) = ledger();
    let mut body = camel();
    body["timezone"] = json!("Etc/Unknown");
    body["messages"][0]["project"] = json!({"name": "a\u{0}"});
    let answer = sync(client, &body).await;
    assert_eq!((answer.status, commits.load(Ordering::SeqCst)), (200, 1));
    assert_eq!(
        answer.json()["warnings"],
        json!([
            {"code": "field_ignored", "field": "timezone",
             "message": "The field was ignored: Input should be an IANA time zone, such as Europe/Berlin."},
            {"code": "field_ignored", "field": "messages[0].project",
             "message": "The field was ignored: Input should be a valid string."},
        ])
    );
}

#[actix_web::test]
async fn sync_malformed_body_changes_nothing() {
    let (client, commits) = ledger();
    let mut wrong = camel();
    wrong["messages"][1]["inputTokens"] = json!(-1);
    wrong["source"] = Value::Null;
    wrong["messages"][0]["id"] = json!("");
    let answer = sync(client, &wrong).await;
    assert_eq!(
        answer.problems(),
        [
            r#"["body","source"] string_type"#,
            r#"["body","messages",0,"id"] string_too_short"#,
            r#"["body","messages",1,"inputTokens"] greater_than_equal"#,
        ]
    );
    assert_eq!(sync(client, &json!([])).await.status, 422);
    assert_eq!(client.request("POST", "/api/v1/sync").bearer(&ada()).body("{").send().await.status, 422);
    let texts = client.request("POST", "/api/v1/sync").bearer(&ada()).header("Content-Type", "text/plain").body("{}");
    texts.send().await.assert_error(415, "UNSUPPORTED_MEDIA_TYPE", &json!({}));
    assert_eq!(commits.load(Ordering::SeqCst), 0);
}

#[actix_web::test]
async fn sync_deleted_account_is_not_found() {
    let world = World::new().storing(|tx| {
        tx.ledger.expect_lock_for_sync().returning(|_, _| Ok(None));
    });
    assert_eq!(sync(world.serve(), &camel()).await.status, 404);
}

#[actix_web::test]
async fn sync_message_of_a_handover_is_superseded() {
    let world = World::new().storing(|tx| {
        let from = Some(datetime!(2026-11-22 12:31 UTC));
        tx.ledger
            .expect_lock_for_sync()
            .returning(move |_, _| Ok(Some(SyncLock { handover_from: from, ..locked(account()) })));
        tx.ledger.expect_name_use().returning(|_, _| Ok(NameUse::default()));
        tx.ledger.expect_make_names().returning(|_| Ok(()));
        tx.expect_recording_by(RollupChanges::default(), facts([].into()), ProgressEvents::default());
    });
    let answer = sync(world.serve(), &camel()).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    let counts = ["messagesReceived", "messagesSynced", "messagesDuplicate", "messagesSuperseded", "messagesRejected"];
    assert_eq!(counts.map(|name| answer[name].as_u64()), [4, 1, 2, 1, 1].map(Some), "{answer}");
}

#[actix_web::test]
async fn sync_state_shows_what_came() {
    let mut world = World::new();
    let state = SyncState {
        newest_message_at: Some(datetime!(2026-11-22 12:30 UTC)),
        messages: 12,
        messages_protocol_2: 3,
        handover_from: None,
    };
    world
        .sync_state
        .expect_sync_state()
        .withf(|_, source, machine| (source.as_str(), machine.as_str()) == ("codex", "abcd1234"))
        .returning(move |_, _, _| Ok(state));
    let client = world.serve();
    let get = |query: &str| client.request("GET", &format!("/api/v1/sync/state{query}")).bearer(&ada());
    assert_eq!(
        get("?source=Codex&machineId=abcd1234").send().await.json(),
        json!({"newest_message_at": "2026-11-22T12:30:00Z", "messages": 12, "messages_protocol_2": 3,
               "handover_from": null})
    );
    for (query, problem) in [
        ("", r#"["query","source"] missing"#),
        ("?source=", r#"["query","source"] string_too_short"#),
        ("?source=codex&machineId=", r#"["query","machineId"] string_too_short"#),
    ] {
        assert_eq!(get(query).send().await.problems(), [problem], "{query}");
    }
}
