//! Handovers on PostgreSQL: an exact reader takes the place of a client of protocol 2.

use domain::ids::UserId;
use domain::usage::testing::{NOW, batch, sent};
use domain::usage::{
    MachineId, Protocol, SentMessage, Source, SyncBatch, SyncReport, SyncState, Usage, UsageSelection,
};
use time::{Duration, OffsetDateTime};

use crate::common::{Fixture, fixture};

const FROM: OffsetDateTime = NOW.saturating_sub(Duration::days(2));

/// A message with `input` tokens and none of output, `hours` after the handover.
fn line(id: &str, hours: i64, input: u64) -> SentMessage {
    SentMessage { at: FROM + Duration::hours(hours), input, output: 0, ..sent(id) }
}

/// The lines of the logs as the npm client sends them: one before the handover, and three of one response.
fn npm() -> SyncBatch {
    batch(vec![line("before", -1, 1), line("uuid-1", 0, 100), line("uuid-2", 1, 200), line("uuid-3", 2, 300)])
}

fn protocol_3(messages: Vec<SentMessage>) -> SyncBatch {
    SyncBatch { protocol: Protocol::V3, parser_version: 1, ..batch(messages) }
}

/// The response of [`npm`], and the handover.
fn exact() -> SyncBatch {
    SyncBatch { handover_from: Some(FROM), ..protocol_3(vec![line("req-1", 2, 300)]) }
}

fn counts(report: &SyncReport) -> (usize, usize, usize, u64) {
    (report.new, report.duplicates, report.set_aside, report.handed_over)
}

async fn state(usage: &Usage, user: UserId) -> SyncState {
    let source = Source::trusted("claude-code");
    usage.sync_state(user, &source, &MachineId::unnamed()).await.expect("a state")
}

async fn input(fixture: &Fixture, user: UserId) -> i64 {
    let query =
        format!("SELECT input FROM usage_totals WHERE user_key = (SELECT key FROM users WHERE id = '{}')", user.0);
    fixture.client().await.query_one(&query, &[]).await.expect("totals").get(0)
}

async fn nothing_to_repair(usage: &Usage, user: UserId) {
    let repair = usage.rebuild(user).await.expect("a rebuild");
    assert!(repair.is_clean(), "{repair:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn handover_lowers_totals_to_the_truth_and_keeps_them() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", Some("UTC")).await.id);
    assert_eq!(counts(&usage.sync(ada, npm()).await.expect("a sync")), (4, 0, 0, 0));
    assert_eq!((input(&fixture, ada).await, state(&usage, ada).await.messages_protocol_2), (601, 4));
    assert_eq!(counts(&usage.sync(ada, exact()).await.expect("a sync")), (1, 0, 0, 3));
    let expected = SyncState {
        newest_message_at: Some(FROM + Duration::hours(2)),
        messages: 2,
        messages_protocol_2: 1,
        handover_from: Some(FROM),
    };
    for _ in 0..2 {
        assert_eq!((input(&fixture, ada).await, state(&usage, ada).await), (301, expected));
        assert_eq!(counts(&usage.sync(ada, npm()).await.expect("a sync")), (0, 4, 3, 0));
        assert_eq!(counts(&usage.sync(ada, exact()).await.expect("a sync")), (0, 1, 0, 0));
    }
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handover_ends_in_the_same_ledger_in_every_order() {
    let fixture = fixture();
    let usage = fixture.usage();
    let earlier =
        SyncBatch { handover_from: Some(FROM + Duration::hours(2)), ..protocol_3(vec![line("req-2", 3, 40)]) };
    // The response with its own id in protocol 2 too, and more tokens.
    let same_id = batch(vec![line("req-1", 2, 900)]);
    let steps = [npm(), exact(), earlier, same_id];
    for (n, order) in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1], [1, 2, 3, 0]].into_iter().enumerate() {
        let user = fixture.create_user(&format!("person{n}"), Some("UTC")).await.id;
        for step in order {
            usage.sync(user, steps[step].clone()).await.expect("a sync");
        }
        let state = state(&usage, user).await;
        assert_eq!(input(&fixture, user).await, 1 + 300 + 40, "{order:?}");
        assert_eq!((state.messages, state.messages_protocol_2), (3, 1), "{order:?}");
        assert_eq!(state.handover_from, Some(FROM), "{order:?}");
        nothing_to_repair(&usage, user).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handover_leaves_other_machines_tools_and_accounts_alone() {
    let fixture = fixture();
    let usage = fixture.usage();
    let (ada, bob) = (fixture.create_user("ada", None).await.id, fixture.create_user("bob", None).await.id);
    let laptop = SyncBatch { machine: MachineId::trusted("laptop"), ..batch(vec![line("a", 1, 10)]) };
    let codex = SyncBatch { source: Source::trusted("codex"), ..batch(vec![line("b", 1, 20)]) };
    for step in [laptop.clone(), codex.clone(), exact()] {
        usage.sync(ada, step).await.expect("a sync");
    }
    for step in [laptop, codex] {
        assert_eq!(counts(&usage.sync(ada, step).await.expect("a sync")), (0, 1, 0, 0));
    }
    assert_eq!(counts(&usage.sync(bob, npm()).await.expect("a sync")), (4, 0, 0, 0));
    assert_eq!((input(&fixture, ada).await, input(&fixture, bob).await), (330, 601));
}

#[tokio::test(flavor = "multi_thread")]
async fn handover_of_a_dry_run_changes_nothing() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    usage.sync(ada, npm()).await.expect("a sync");
    let report = usage.sync(ada, SyncBatch { dry_run: true, ..exact() }).await.expect("a sync");
    assert_eq!(counts(&report), (1, 0, 0, 3));
    let state = state(&usage, ada).await;
    assert_eq!((input(&fixture, ada).await, state.handover_from, state.messages), (601, None, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn handover_ends_with_the_deletion_of_all_usage_of_its_tool() {
    let fixture = fixture();
    let usage = fixture.usage();
    let (claude, codex) = (Some(Source::trusted("claude-code")), Some(Source::trusted("codex")));
    let today = Some(NOW.date());
    let selection = |source, from| UsageSelection { source, from, to: None };
    for (n, (selection, sent_again)) in [
        (selection(None, None), (4, 0, 0, 0)),
        (selection(claude.clone(), None), (4, 0, 0, 0)),
        (selection(codex, None), (0, 4, 3, 0)),
        (selection(claude, today), (0, 4, 3, 0)),
    ]
    .into_iter()
    .enumerate()
    {
        let user = fixture.create_user(&format!("person{n}"), None).await.id;
        for step in [npm(), exact()] {
            usage.sync(user, step).await.expect("a sync");
        }
        usage.forget(user, &selection).await.expect("a deletion");
        assert_eq!(counts(&usage.sync(user, npm()).await.expect("a sync")), sent_again, "{selection:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machine_without_usage_goes_with_its_handovers() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    usage.sync(ada, exact()).await.expect("a sync");
    usage.forget(ada, &UsageSelection::default()).await.expect("a deletion");
    let machines: i64 =
        fixture.client().await.query_one("SELECT count(*) FROM machines", &[]).await.expect("one").get(0);
    assert_eq!(machines, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn handover_without_an_accepted_message_removes_nothing() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    usage.sync(ada, npm()).await.expect("a sync");
    let rejected = SentMessage { at: NOW + Duration::days(2), ..sent("ahead") };
    let report =
        usage.sync(ada, SyncBatch { handover_from: Some(FROM), ..protocol_3(vec![rejected]) }).await.expect("a sync");
    assert_eq!((report.handed_over, report.warnings.len()), (0, 1));
    let state = state(&usage, ada).await;
    assert_eq!((input(&fixture, ada).await, state.handover_from, state.messages_protocol_2), (601, None, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn handover_removes_more_messages_than_a_page() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    let many = (0..12_000).map(|n| SentMessage { at: FROM, ..sent(&format!("line {n}")) }).collect();
    usage.sync(ada, batch(many)).await.expect("a sync");
    assert_eq!(counts(&usage.sync(ada, exact()).await.expect("a sync")), (1, 0, 0, 12_000));
    assert_eq!((input(&fixture, ada).await, state(&usage, ada).await.messages), (300, 1));
    nothing_to_repair(&usage, ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_state_of_the_unknown_is_empty() {
    let fixture = fixture();
    let (usage, ada) = (fixture.usage(), fixture.create_user("ada", None).await.id);
    assert_eq!(state(&usage, ada).await, SyncState::default());
    // A machine and a tool that both exist, but not together.
    usage.sync(ada, npm()).await.expect("a sync");
    usage.sync(ada, SyncBatch { source: Source::trusted("codex"), ..batch(vec![sent("a")]) }).await.expect("a sync");
    let laptop = MachineId::trusted("laptop");
    let found = usage.sync_state(ada, &Source::trusted("codex"), &laptop).await.expect("a state");
    assert_eq!(found, SyncState::default());
}
