//! `GET /users/me/export`, over the wire.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::achievements::ports::ProgressEvent;
use domain::achievements::{Tier, find_by_slug};
use domain::error::StoreError;
use domain::identity::{Device, ExternalLink, ProviderName, TokenScope};
use domain::notifications::{Channels, NotificationKind};
use domain::payload::StoredData;
use domain::portability::ports::{MockExportReader, MockExportSnapshot, SnapshotOpened};
use domain::portability::{
    ExportPart, Machine, OwnReferralCode, PastActivity, PastApiToken, PastEvent, PastFollow, PastNotification,
    PastProject, PastReferral, PastSession, PastUnlock, PortabilityError, ReferralDirection,
};
use domain::pricing::Cost;
use domain::progression::EventXp;
use domain::projects::{ProjectDetails, Title};
use domain::referrals::ReferralCode;
use domain::usage::testing::message;
use domain::usage::{LedgerEntry, MachineId};
use domain::users::{Username, WebUrl};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::support::Client;
use crate::support::world::{ADA, ALL_SCOPES, NOW, World, ada, api_token, bob, dollars, stranger, user};

const EXPORT: &str = "/api/v1/users/me/export";

/// One of everything that Ada owns.
fn belongings() -> Vec<ExportPart> {
    let name = Username::trusted("bob");
    let priced = |id: &str, cost| LedgerEntry { message: message(id, 3), cost };
    vec![
        ExportPart::ExternalAccounts(vec![ExternalLink {
            user: ADA,
            provider: ProviderName::trusted("github"),
            subject: "7".into(),
            login: "ada-l".into(),
            linked_at: NOW,
        }]),
        ExportPart::ApiTokens(vec![PastApiToken {
            name: "laptop".into(),
            scopes: [TokenScope::Read].into_iter().collect(),
            created_at: NOW,
            expires_at: None,
            last_used_at: Some(NOW),
        }]),
        ExportPart::Sessions(vec![PastSession {
            created_at: NOW,
            expires_at: NOW,
            last_used_at: NOW,
            device: Device { ip: Some("192.0.2.1".into()), user_agent: None },
        }]),
        ExportPart::Preferences(vec![(NotificationKind::LevelUp, Channels { in_app: false, email: true })]),
        ExportPart::Code(OwnReferralCode {
            code: ReferralCode::trusted("0000ADA0"),
            created_at: NOW,
            clicks: 8,
            converted: 1,
        }),
        ExportPart::Referrals(vec![
            PastReferral { came: ReferralDirection::ByThem, username: name.clone(), created_at: NOW, paid_at: None },
            PastReferral {
                came: ReferralDirection::ByOwner,
                username: name.clone(),
                created_at: NOW,
                paid_at: Some(NOW),
            },
        ]),
        ExportPart::Projects(vec![PastProject {
            details: ProjectDetails {
                title: Some(Title::trusted("burntop")),
                description: None,
                url: WebUrl::trusted("https://example.org"),
                is_featured: true,
            },
            created_at: NOW,
            updated_at: NOW,
        }]),
        ExportPart::Machines(vec![Machine { id: MachineId::unnamed(), last_synced_at: NOW }]),
        ExportPart::Messages(vec![
            priced("a", Cost::Priced(dollars("0.3508"))),
            priced("b", Cost::Estimated(dollars("12"))),
            priced("c", Cost::Unpriced),
        ]),
        ExportPart::Follows(vec![PastFollow { username: name.clone(), since: NOW, is_requested: true }]),
        ExportPart::Followers(vec![PastFollow { username: name, since: NOW, is_requested: false }]),
        ExportPart::Events(vec![PastEvent {
            event: ProgressEvent { reason: "level:2".into(), xp: EventXp(250) },
            at: NOW,
        }]),
        ExportPart::Unlocks(vec![PastUnlock {
            id: find_by_slug("token-stream").expect("a definition").id(),
            tier: Some(Tier::Gold),
            at: NOW,
            pinned_at: None,
        }]),
        ExportPart::Activities(vec![PastActivity { kind: "level_up".into(), data: data(), at: NOW }]),
        ExportPart::Notifications(vec![PastNotification {
            kind: "level_up".into(),
            title: "Level 2".into(),
            message: "You have reached level 2.".into(),
            data: data(),
            dedup_key: "level_up:2".into(),
            created_at: NOW,
            read_at: None,
        }]),
    ]
}

fn data() -> StoredData {
    StoredData(r#"{"level": 2, "big": 12345678901234567890.5}"#.into())
}

/// A world in which an export opens with the result of `open`.
fn world(open: impl Fn() -> Result<SnapshotOpened, StoreError> + Send + Sync + 'static) -> World {
    let mut exports = MockExportReader::new();
    exports.expect_open().withf(|user, now| (*user, *now) == (ADA, NOW)).returning(move |_, _| open());
    World { exports, ..World::new() }
}

/// An account that has `parts` and then nothing, or an error.
fn account_with(mut parts: Vec<ExportPart>, fails: bool) -> SnapshotOpened {
    parts.reverse();
    parts.push(ExportPart::Account(Box::new(user(ADA))));
    let mut snapshot = MockExportSnapshot::new();
    snapshot.expect_next().returning(move || match parts.pop() {
        None if fails => Err(StoreError::Unavailable("away".into())),
        part => Ok(part),
    });
    SnapshotOpened::Begun(Box::new(snapshot))
}

fn lines(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).expect("text");
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[actix_web::test]
async fn export_has_one_line_per_item() {
    let client = world(|| Ok(account_with(belongings(), false))).serve();
    let answer = client.request("GET", EXPORT).bearer(&ada()).send().await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("content-type", "application/x-ndjson"),
        ("content-disposition", "attachment; filename=\"burntop-export-2026-11-22.ndjson\""),
        ("cache-control", "no-store"),
        ("transfer-encoding", "chunked"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("content-encoding"), None, "a request without an encoding gets plain text");
    let lines = lines(&answer.body);
    let now = "2026-11-22T12:34:56.789Z";
    let release = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines[0],
        json!({"type": "manifest", "format": "burntop-export", "version": 1, "exported_at": now, "username": "Ada", "release": release})
    );
    assert_eq!((&lines[1]["type"], &lines[1]["username"]), (&json!("account"), &json!("Ada")));
    let data = r#"{"level": 2, "big": 12345678901234567890.5}"#;
    let rest = [
        json!({"type": "external_account", "provider": "github", "subject": "7", "login": "ada-l", "linked_at": now}),
        json!({"type": "api_token", "name": "laptop", "scopes": ["read"], "created_at": now, "expires_at": null, "last_used_at": now}),
        json!({"type": "session", "created_at": now, "expires_at": now, "last_used_at": now, "ip": "192.0.2.1", "user_agent": null}),
        json!({"type": "preference", "kind": "level_up", "in_app": false, "email": true}),
        json!({"type": "referral_code", "code": "0000ADA0", "created_at": now, "clicks": 8, "converted": 1}),
        json!({"type": "referred_by", "username": "bob", "created_at": now, "paid_at": null}),
        json!({"type": "referred", "username": "bob", "created_at": now, "paid_at": now}),
        json!({"type": "project", "title": "burntop", "description": null, "url": "https://example.org", "is_featured": true,
               "created_at": now, "updated_at": now}),
        json!({"type": "machine", "name": "default", "last_synced_at": now}),
        message_line("a", &json!("0.3508"), "priced"),
        message_line("b", &json!("12"), "estimated"),
        message_line("c", &json!(null), "unpriced"),
        json!({"type": "follow", "username": "bob", "since": now, "requested": true}),
        json!({"type": "follower", "username": "bob", "since": now, "requested": false}),
        json!({"type": "event", "reason": "level:2", "xp_hundredths": 250, "at": now}),
        json!({"type": "achievement", "id": find_by_slug("token-stream").expect("a definition").id().to_string(),
               "slug": "token-stream", "tier": 3, "unlocked_at": now, "pinned_at": null}),
        json!({"type": "activity", "kind": "level_up", "data": serde_json::from_str::<Value>(data).expect("JSON"), "at": now}),
        json!({"type": "notification", "kind": "level_up", "title": "Level 2", "message": "You have reached level 2.",
               "data": serde_json::from_str::<Value>(data).expect("JSON"), "dedup_key": "level_up:2", "created_at": now, "read_at": null}),
    ];
    assert_eq!(lines[2..lines.len() - 1], rest);
    assert!(String::from_utf8_lossy(&answer.body).contains(data), "what was stored is written as it is");
    let counts = json!({
        "manifest": 1, "account": 1, "external_account": 1, "api_token": 1, "session": 1, "preference": 1,
        "referral_code": 1, "referred_by": 1, "referred": 1, "project": 1, "machine": 1, "message": 3, "follow": 1, "follower": 1,
        "event": 1, "achievement": 1, "activity": 1, "notification": 1,
    });
    assert_eq!(lines.last(), Some(&json!({"type": "end", "counts": counts})));
}

fn message_line(id: &str, cost: &Value, status: &str) -> Value {
    let key = domain::usage::MessageKey::of(id).0.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    json!({
        "type": "message", "key": key, "source": "claude-code", "at": "2026-11-22T11:00:00Z", "model": "claude-sonnet-4-5",
        "provider": null, "machine": "default", "input": 3, "output": 3, "cache_read": 0, "cache_write": 0,
        "cache_write_1h": 0, "reasoning": 0, "reasoning_in_output": false, "incomplete": false, "parser_version": 0, "protocol": 2, "project": null,
        "cost": cost, "cost_status": status,
    })
}

#[actix_web::test]
async fn export_is_compressed_for_gzip_clients() {
    let client = world(|| Ok(account_with(belongings(), false))).serve();
    let plain = client.request("GET", EXPORT).bearer(&ada()).send().await;
    let packed = client.request("GET", EXPORT).bearer(&ada()).header("Accept-Encoding", "gzip").send().await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed.body).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body);
}

#[actix_web::test]
async fn export_head_has_headers_of_get_without_body() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    let client = world(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(account_with(belongings(), false))
    })
    .serve();
    let head = client.request("HEAD", EXPORT).bearer(&ada()).send().await;
    assert_eq!((head.status, head.body.len(), opened.load(Ordering::SeqCst)), (200, 0, 0));
    let get = client.request("GET", EXPORT).bearer(&ada()).send().await;
    assert_eq!(opened.load(Ordering::SeqCst), 1);
    for name in ["content-type", "content-disposition", "cache-control", "content-length", "transfer-encoding"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[actix_web::test]
async fn export_requires_a_session() {
    let client = World::new().serve();
    for method in ["GET", "HEAD"] {
        assert_eq!(client.request(method, EXPORT).send().await.status, 401);
        assert_eq!(client.request(method, EXPORT).bearer(&stranger()).send().await.status, 401);
        for scopes in ALL_SCOPES {
            assert_eq!(client.request(method, EXPORT).bearer(&api_token(scopes)).send().await.status, 403);
        }
    }
    let refused = client.request("GET", EXPORT).bearer(&api_token(ALL_SCOPES[0])).send().await;
    refused.assert_error(403, "FORBIDDEN", &json!({}));
}

#[actix_web::test]
async fn export_that_cannot_begin_is_an_api_error() {
    let under_way = world(|| Ok(SnapshotOpened::UnderWay)).serve();
    let answer = under_way.request("GET", EXPORT).bearer(&ada()).send().await;
    answer.assert_error(409, "CONFLICT", &json!({"resource": "Export", "field": "user_id"}));
    assert_eq!(answer.json()["detail"], json!(PortabilityError::UnderWay.to_string()));

    let deleted = world(|| {
        let mut snapshot = MockExportSnapshot::new();
        snapshot.expect_next().returning(|| Ok(None));
        Ok(SnapshotOpened::Begun(Box::new(snapshot)))
    });
    let answer = deleted.serve().request("GET", EXPORT).bearer(&ada()).send().await;
    answer.assert_error(404, "NOT_FOUND", &json!({"resource": "User", "field": "id", "value": ADA.to_string()}));

    let away = world(|| Err(StoreError::Unavailable("away".into()))).serve();
    let answer = away.request("GET", EXPORT).bearer(&ada()).send().await;
    answer.assert_error(503, "SERVICE_UNAVAILABLE", &json!({}));
    assert!(answer.header("retry-after").is_some());
}

/// The end of a connection over which an export failed, without the chunk that says that there is no more.
async fn broken_off(client: Client) -> Vec<u8> {
    let mut stream = client.request("GET", EXPORT).bearer(&ada()).open().await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

#[actix_web::test]
async fn export_that_fails_half_way_is_incomplete() {
    let bytes = broken_off(world(|| Ok(account_with(belongings(), true))).serve()).await;
    assert!(bytes.starts_with(b"HTTP/1.1 200"));
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "no client may take this for the whole");
    let whole = broken_off(world(|| Ok(account_with(belongings(), false))).serve()).await;
    assert!(whole.ends_with(b"0\r\n\r\n"));
}

#[actix_web::test]
async fn export_without_a_free_place_is_a_503() {
    let client = World { exports: endless(), ..World::new() }.serve();
    // Two clients keep reading; one that stops would be cut off soon.
    let mut readers = Vec::new();
    for token in [ada(), bob()] {
        let mut stream = client.request("GET", EXPORT).bearer(&token).open().await;
        let mut piece = vec![0; 64 << 10];
        assert!(stream.read(&mut piece).await.expect("an answer") > 0);
        readers.push(actix_web::rt::spawn(
            async move { while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {} },
        ));
    }
    let third = client.request("GET", EXPORT).bearer(&ada()).send().await;
    third.assert_error(503, "SERVICE_UNAVAILABLE", &json!({}));
    assert!(third.header("retry-after").is_some());
    // Both hang up, and there is room again as soon as the server notices.
    readers.iter().for_each(actix_web::rt::task::JoinHandle::abort);
    while client.request("GET", EXPORT).bearer(&ada()).send_until("\r\n\r\n").await.status != 200 {}
}

/// Accounts without end.
fn endless() -> MockExportReader {
    let mut exports = MockExportReader::new();
    exports.expect_open().returning(|id, _| {
        let mut is_first = true;
        let mut snapshot = MockExportSnapshot::new();
        snapshot.expect_next().returning(move || {
            let entry = |n: usize| LedgerEntry { message: message(&n.to_string(), 3), cost: Cost::Unpriced };
            let part = if is_first {
                ExportPart::Account(Box::new(user(id)))
            } else {
                ExportPart::Messages((0..500).map(entry).collect())
            };
            is_first = false;
            Ok(Some(part))
        });
        Ok(SnapshotOpened::Begun(Box::new(snapshot)))
    });
    exports
}
