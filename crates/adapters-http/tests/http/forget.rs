//! `DELETE /users/me/usage`, over the wire.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use domain::pricing::Cost;
use domain::usage::ports::RollupChanges;
use domain::usage::testing::{account, message};
use domain::usage::{InstantRange, LedgerEntry, UsageMessage};
use serde_json::json;
use time::macros::datetime;

use crate::support::Client;
use crate::support::world::{ADA, ALL_SCOPES, World, ada, api_token, stranger};

const PATH: &str = "/api/v1/users/me/usage";

/// A world in which Ada has two messages, on the first and second of March; `ranges` receives the requested ranges.
fn world(ranges: &Arc<Mutex<Vec<InstantRange>>>) -> Client {
    let ranges = ranges.clone();
    World::new()
        .storing(move |tx| {
            tx.accounts.expect_lock().returning(|user| Ok((user == ADA).then(account)));
            let ranges = ranges.clone();
            tx.ledger.expect_page_within().returning(move |_, reach, _, _| {
                ranges.lock().expect("a list").push(reach.clone());
                let at = |at, id| LedgerEntry { message: UsageMessage { at, ..message(id, 1) }, cost: Cost::Unpriced };
                Ok(vec![at(datetime!(2026-03-01 12:00 UTC), "a"), at(datetime!(2026-03-02 12:00 UTC), "b")])
            });
            tx.ledger.expect_remove().returning(|_, _| Ok(()));
            tx.ledger.expect_remove_idle_names().returning(|_| Ok(()));
            tx.ledger.expect_end_handovers().returning(|_, _| Ok(false));
            tx.ledger.expect_apply_delta().returning(|_, _| Ok(RollupChanges::default()));
            tx.expect_settling(BTreeSet::new());
        })
        .serve()
}

#[actix_web::test]
async fn forget_deletes_and_counts_the_selection() {
    let ranges = Arc::default();
    let client = world(&ranges);
    for (query, deleted) in [
        ("", 2),
        ("?from=2026-03-01&to=2026-03-01", 1),
        ("?from=2026-03-02", 1),
        ("?to=2026-02-28", 0),
        ("?source=Claude-Code", 2),
        ("?source=nobody-uses-this", 0),
    ] {
        let answer = client.request("DELETE", &format!("{PATH}{query}")).bearer(&ada()).send().await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{query}");
        assert_eq!(answer.json(), json!({"messages_deleted": deleted}), "{query}");
    }
    let reach = ranges.lock().expect("a list");
    assert_eq!(reach[0], InstantRange { source: None, since: None, until: None });
    assert_eq!(reach[1].since, Some(datetime!(2026-02-28 0:00 UTC)));
    assert_eq!(reach[1].until, Some(datetime!(2026-03-03 0:00 UTC)));
    assert_eq!(reach[4].source.as_ref().map(ToString::to_string).as_deref(), Some("claude-code"));
}

#[actix_web::test]
async fn forget_invalid_request_deletes_nothing() {
    let ranges = Arc::default();
    let client = world(&ranges);
    for (query, problems) in [
        ("?from=2026-03-02&to=2026-03-01", &[r#"["query","to"] greater_than_equal"#][..]),
        ("?from=yesterday", &[r#"["query","from"] datetime_parsing"#]),
        ("?from=2026-02-30&to=", &[r#"["query","from"] datetime_parsing"#, r#"["query","to"] datetime_parsing"#]),
        ("?source=", &[r#"["query","source"] string_too_short"#]),
        ("?source=a%00b", &[r#"["query","source"] value_error"#]),
        ("?form=2026-03-01", &[r#"["query","form"] value_error"#]),
        ("?From=2026-03-01&to=2026-03-01", &[r#"["query","From"] value_error"#]),
    ] {
        let answer = client.request("DELETE", &format!("{PATH}{query}")).bearer(&ada()).send().await;
        assert_eq!(answer.problems(), problems, "{query}");
    }
    let long = format!("{PATH}?source={}", "x".repeat(51));
    let answer = client.request("DELETE", &long).bearer(&ada()).send().await;
    assert_eq!(answer.problems(), [r#"["query","source"] string_too_long"#]);
    assert!(ranges.lock().expect("a list").is_empty());
}

#[actix_web::test]
async fn forget_requires_a_session() {
    let ranges = Arc::default();
    let client = world(&ranges);
    for path in [PATH, "/api/v1/users/me/usage?from=x"] {
        client.request("DELETE", path).send().await.assert_error(401, "UNAUTHORIZED", &json!({}));
        let unknown = client.request("DELETE", path).bearer(&stranger()).send().await;
        unknown.assert_error(401, "UNAUTHORIZED", &json!({}));
        for scopes in ALL_SCOPES {
            let token = client.request("DELETE", path).bearer(&api_token(scopes)).send().await;
            token.assert_error(403, "FORBIDDEN", &json!({}));
        }
    }
    assert!(ranges.lock().expect("a list").is_empty());
}
