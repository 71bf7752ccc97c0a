use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::*;
use crate::Record;
use crate::fingerprint::fp1;
use crate::state::State;
use crate::testing::{Home, Scanned, tokens};

const DATABASE: &str = ".copilot/session-store.db";
const LOG: &str = ".copilot/session-state/7b/events.jsonl";
const SPANS: &str = ".copilot/otel/run.jsonl";
const EVENTS: &str = include_str!("fixtures/events.jsonl");
const TELEMETRY: &str = include_str!("fixtures/telemetry.jsonl");

fn store(home: &Home) -> Connection {
    home.write(DATABASE, "");
    let connection = Connection::open(home.path(DATABASE)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, cwd TEXT, repository TEXT, created_at TEXT);
             CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY, session_id TEXT, model TEXT, input_tokens INTEGER,
               output_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, reasoning_tokens INTEGER,
               created_at TEXT, initiator TEXT);
             INSERT INTO sessions VALUES ('7b', '/home/eve/shop', 'acme/shop', '2026-11-20T08:00:00.000Z')",
        )
        .unwrap();
    connection
}

fn insert(connection: &Connection, id: i64, output: i64, initiator: &str) {
    let sql = "INSERT INTO assistant_usage_events
        VALUES (?1, '7b', 'claude-sonnet-5', 30120, ?2, 27000, 1500, 90, '2026-11-20T08:00:05.000Z', ?3)";
    connection.execute(sql, rusqlite::params![id, output, initiator]).unwrap();
}

/// The store with the requests that the log and the telemetry of the fixtures have.
fn store_of_session(home: &Home) {
    store(home)
        .execute_batch(
            "INSERT INTO assistant_usage_events VALUES
               (1, '7b', 'claude-sonnet-5', 30120, 410, 27000, 1500, 90, '2026-11-20T08:00:05.000Z', 'user'),
               (2, '7b', 'claude-sonnet-5', 30100, 90, 30000, 0, 0, '2026-11-20T08:00:25.000Z', 'agent'),
               (3, '7b', 'claude-sonnet-5', 31000, 55, 0, 0, 0, '2026-11-20T08:00:48.000Z', 'compaction'),
               (4, '7b', 'gpt-6-astra', 5000, 700, 4000, 0, 200, '2026-11-20T08:01:05.000Z', 'agent'),
               (5, '7b', 'gpt-6-astra', 6000, 300, 5000, 0, 50, '2026-11-21T08:01:05.000Z', 'user')",
        )
        .unwrap();
}

#[test]
fn row_of_the_store_is_a_record() {
    let home = Home::new();
    insert(&store(&home), 412, 410, "user");
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.one().tokens, tokens([1_620, 27_000, 1_500, 0, 410, 90]));
    assert_eq!(scanned.one().id, fp1(SOURCE, "7b", &[30_120, 27_000, 410, 90]));
    assert_eq!(scanned.one().project.as_deref(), Some("shop"));
}

#[test]
fn compaction_is_a_request_and_renumbered_rows_add_nothing() {
    let home = Home::new();
    let connection = store(&home);
    insert(&connection, 1, 410, "user");
    insert(&connection, 2, 55, "compaction");
    let first = home.scan(SOURCE);
    assert_eq!(first.records.len(), 2);
    connection.execute_batch("UPDATE assistant_usage_events SET id = id + 100").unwrap();
    insert(&connection, 200, 77, "user");
    assert_eq!(home.scan_again(SOURCE, &first.state).outputs(), [("claude-sonnet-5", 77)]);
}

#[test]
fn rows_of_last_year_are_not_returned_after_each_change() {
    let home = Home::new();
    let connection = store(&home);
    insert(&connection, 1, 410, "user");
    connection.execute_batch("UPDATE assistant_usage_events SET created_at = '2025-11-20T08:00:05.000Z'").unwrap();
    let mut state = home.scan(SOURCE).state;
    for id in 2..5 {
        insert(&connection, id, 1_000 + id, "user");
        let scanned = home.scan_again(SOURCE, &state);
        assert_eq!(scanned.records.len(), 1);
        state = scanned.state;
    }
}

#[test]
fn columns_of_newer_versions_may_be_missing() {
    let home = Home::new();
    insert(&store(&home), 1, 410, "user");
    Connection::open(home.path(DATABASE))
        .unwrap()
        .execute_batch("ALTER TABLE assistant_usage_events DROP COLUMN reasoning_tokens; DROP TABLE sessions")
        .unwrap();
    assert_eq!(home.scan(SOURCE).one().tokens, tokens([1_620, 27_000, 1_500, 0, 410, 0]));
}

#[test]
fn more_cached_than_input_is_a_problem() {
    let home = Home::new();
    let connection = store(&home);
    insert(&connection, 1, 410, "user");
    connection.execute_batch("UPDATE assistant_usage_events SET cache_read_tokens = 30000").unwrap();
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 1));
}

/// One of the places where a session is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Store,
    Log,
    Spans,
}
use Place::{Log, Spans, Store};

impl Place {
    fn write(self, home: &Home) {
        match self {
            Store => store_of_session(home),
            Log => drop(home.write(LOG, EVENTS)),
            Spans => drop(home.write(SPANS, TELEMETRY)),
        }
    }
}

/// What a ledger has after scans that each find one group of places more.
fn ledger(order: &[&[Place]]) -> BTreeMap<String, Record> {
    let home = Home::new();
    let (mut state, mut ledger) = (State::default(), BTreeMap::new());
    for places in order {
        places.iter().for_each(|place| place.write(&home));
        let scanned: Scanned = home.scan_again(SOURCE, &state);
        assert_eq!(scanned.report.problem_count, 0, "{:#?}", scanned.report.problems);
        ledger.extend(scanned.records.into_iter().map(|record| (record.id.clone(), record)));
        state = scanned.state;
    }
    assert_eq!(home.scan_again(SOURCE, &state).records, []);
    ledger
}

fn sums(ledger: &BTreeMap<String, Record>) -> BTreeMap<&str, [u64; 5]> {
    let mut sums = BTreeMap::<&str, [u64; 5]>::new();
    for Record { model, tokens, .. } in ledger.values() {
        let counts = [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning];
        for (sum, count) in sums.entry(model).or_default().iter_mut().zip(counts) {
            *sum += count;
        }
    }
    sums
}

#[test]
fn session_in_store_log_and_telemetry_has_one_record_per_response_in_any_order() {
    let expected_ids: Vec<String> = {
        let ids = [
            fp1(SOURCE, "7b", &[30_120, 27_000, 410, 90]),
            fp1(SOURCE, "7b", &[30_100, 30_000, 90, 0]),
            fp1(SOURCE, "7b", &[31_000, 0, 55, 0]),
            fp1(SOURCE, "7b", &[5_000, 4_000, 700, 200]),
            fp1(SOURCE, "7b", &[6_000, 5_000, 300, 50]),
        ];
        BTreeSet::from(ids).into_iter().collect()
    };
    let expected_sums = BTreeMap::from([
        ("claude-sonnet-5", [32_720, 57_000, 1_500, 555, 90]),
        ("gpt-6-astra", [2_000, 9_000, 0, 1_000, 250]),
    ]);
    let orders: &[&[&[Place]]] = &[
        &[&[Store]],
        &[&[Spans]],
        &[&[Store, Log, Spans]],
        &[&[Store], &[Log], &[Spans]],
        &[&[Store], &[Spans], &[Log]],
        &[&[Spans], &[Store], &[Log]],
        &[&[Spans], &[Log], &[Store]],
        &[&[Log, Store], &[Spans]],
        &[&[Log, Spans], &[Store]],
        // Runs of one request have the id of the request, so these meet as well.
        &[&[Log], &[Store], &[Spans]],
        &[&[Log], &[Spans], &[Store]],
        &[&[Log], &[Store, Spans]],
    ];
    for order in orders {
        let ledger = ledger(order);
        assert_eq!(ledger.keys().cloned().collect::<Vec<_>>(), expected_ids, "{order:?}");
        assert_eq!(sums(&ledger), expected_sums, "{order:?}");
        assert!(ledger.values().all(|record| !record.incomplete), "{order:?}");
    }
}

#[test]
fn run_that_only_the_log_has_is_a_record_per_model() {
    let home = Home::new();
    home.write(LOG, EVENTS);
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.outputs(), [("gpt-6-astra", 700), ("gpt-6-astra", 300)]);
    // The second run's total includes the first. What came before the compaction is lost.
    assert_eq!(scanned.records[1].tokens, tokens([1_000, 5_000, 0, 0, 300, 50]));
    assert_eq!(scanned.records.iter().map(|record| record.incomplete).collect::<Vec<_>>(), [true, false]);
    assert_eq!(scanned.records[0].project.as_deref(), Some("shop"));
}

#[test]
fn run_of_many_requests_returned_from_log_stays_when_store_appears() {
    let home = Home::new();
    home.write(LOG, EVENTS.replace("11000", "17000").replace("\"outputTokens\":1000", "\"outputTokens\":1400"));
    let first = home.scan(SOURCE);
    store_of_session(&home);
    Connection::open(home.path(DATABASE))
        .unwrap()
        .execute_batch(
            "INSERT INTO assistant_usage_events VALUES
               (6, '7b', 'gpt-6-astra', 6000, 400, 0, 0, 0, '2026-11-21T08:01:30.000Z', 'user'),
               (7, '7b', 'gpt-6-astra', 7000, 500, 0, 0, 0, '2026-11-22T08:00:00.000Z', 'user')",
        )
        .unwrap();
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(first.outputs(), [("gpt-6-astra", 700), ("gpt-6-astra", 700)]);
    let before_compaction = [("claude-sonnet-5", 410), ("claude-sonnet-5", 90), ("claude-sonnet-5", 55)];
    let complete_copy_and_after_runs = [("gpt-6-astra", 700), ("gpt-6-astra", 500)];
    assert_eq!(second.outputs(), [&before_compaction[..], &complete_copy_and_after_runs].concat());
    assert_eq!(first.records[0].id, second.records[3].id);
    assert!(second.records[3].supersedes(&first.records[0]));
}

#[test]
fn run_waits_while_the_store_cannot_be_read() {
    let home = Home::new();
    home.write(DATABASE, "x".repeat(4_096));
    home.write(LOG, EVENTS);
    let first = home.scan(SOURCE);
    assert_eq!((first.records.len(), first.report.files_unread), (0, 1));
    std::fs::remove_file(home.path(DATABASE)).unwrap();
    store_of_session(&home);
    assert_eq!(home.scan_again(SOURCE, &first.state).records.len(), 5);
}

#[test]
fn store_before_the_table_of_usage_is_empty() {
    let home = Home::new();
    store(&home).execute_batch("DROP TABLE assistant_usage_events").unwrap();
    home.write(LOG, EVENTS);
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (2, 0));
}

#[test]
fn telemetry_without_request_spans_has_log_records_else_the_sum_of_the_agent() {
    let span = |trace: &str, operation: &str, output: u64| {
        format!(
            r#"{{"type":"span","traceId":"{trace}","name":"{operation} x","startTime":[1795161600,0],"endTime":[1795161605,0],"attributes":{{"gen_ai.operation.name":"{operation}","gen_ai.conversation.id":"7b","gen_ai.usage.input_tokens":10,"gen_ai.usage.output_tokens":{output}}}}}"#
        )
    };
    let log = |trace: &str, output: u64| {
        format!(
            r#"{{"hrTime":[1795161605,0],"spanContext":{{"traceId":"{trace}"}},"attributes":{{"event.name":"gen_ai.client.inference.operation.details","gen_ai.operation.name":"chat","session.id":"7b","gen_ai.usage.input_tokens":10,"gen_ai.usage.output_tokens":{output}}},"_body":"GenAI inference: x"}}"#
        )
    };
    for (name, lines, expected) in [
        ("spans win", vec![log("a", 1), span("a", "chat", 2), span("a", "invoke_agent", 3)], vec![2]),
        ("logs are next", vec![log("a", 1), log("a", 4), span("a", "invoke_agent", 3)], vec![1, 4]),
        ("an agent includes its sub-agents", vec![span("a", "invoke_agent", 3), span("a", "invoke_agent", 9)], vec![9]),
        ("traces are apart", vec![span("a", "chat", 2), log("b", 7)], vec![2, 7]),
    ] {
        let home = Home::new();
        home.write(SPANS, lines.join("\n") + "\n");
        let scanned = home.scan(SOURCE);
        let mut outputs: Vec<_> = scanned.records.iter().map(|record| record.tokens.output).collect();
        outputs.sort_unstable();
        assert_eq!(outputs, expected, "{name}");
    }
}

#[test]
fn telemetry_file_of_the_variable_is_read() {
    let mut home = Home::new();
    let path = home.write("elsewhere/spans.log", TELEMETRY);
    home.variable("COPILOT_OTEL_FILE_EXPORTER_PATH", path.to_str().unwrap());
    assert_eq!(home.scan(SOURCE).records.len(), 5);
}
