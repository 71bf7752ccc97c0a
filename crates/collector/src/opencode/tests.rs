use rusqlite::Connection;
use time::macros::datetime;

use crate::testing::{Home, tokens};

const SOURCE: &str = "opencode";
const DATABASE: &str = ".local/share/opencode/opencode.db";
const MESSAGE: &str = include_str!("fixtures/message.json");

/// A database of the first form with a session.
fn database(home: &Home, path: &str) -> Connection {
    home.write(path, "");
    let connection = Connection::open(home.path(path)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT, parent_id TEXT, directory TEXT, title TEXT);
             CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, time_updated INTEGER, data TEXT);
             INSERT INTO session VALUES ('ses_syn1', 'p', NULL, '/home/eve/shop', 'synthetic title')",
        )
        .unwrap();
    connection
}

fn insert(connection: &Connection, id: &str, updated: i64, data: &str) {
    let sql = "INSERT OR REPLACE INTO message VALUES (?1, 'ses_syn1', ?2, ?2, ?3)";
    connection.execute(sql, rusqlite::params![id, updated, data]).unwrap();
}

/// Another response: later, and with other counts.
fn later(message: &str) -> String {
    message
        .replace("1795170000123", "1795170100123")
        .replace("1795170009456", "1795170109456")
        .replace("\"output\":600", "\"output\":601")
}

#[test]
fn message_is_a_record() {
    let home = Home::new();
    insert(&database(&home, DATABASE), "msg_syn001", 1_795_170_009_456, MESSAGE);
    let scanned = home.scan(SOURCE);
    let record = scanned.one();
    assert_eq!(record.tokens, tokens([420, 14_000, 200, 0, 800, 200]), "the total says that reasoning is separate");
    assert_eq!(record.timestamp, datetime!(2026-11-20 10:20:00.123 UTC));
    assert_eq!((&*record.model, record.provider.as_deref()), ("claude-sonnet-5", Some("anthropic")));
    assert_eq!((record.project.as_deref(), record.reported_cost_nanousd), (Some("shop"), Some(12_300_000)));
}

#[test]
fn fork_with_new_ids_counts_once() {
    let home = Home::new();
    let connection = database(&home, DATABASE);
    insert(&connection, "msg_syn001", 1_795_170_009_456, MESSAGE);
    insert(
        &connection,
        "msg_fork1",
        1_795_180_000_000,
        &MESSAGE.replace("msg_syn001", "msg_fork1").replace("ses_syn1", "ses_fork"),
    );
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.copies_merged), (1, 1));
}

#[test]
fn backup_databases_are_not_read_and_channels_are() {
    let home = Home::new();
    insert(&database(&home, DATABASE), "msg_syn001", 1, MESSAGE);
    for name in ["opencode-backup.db", "opencode.old.db", "opencode-copy.db", "other.db"] {
        insert(&database(&home, &format!(".local/share/opencode/{name}")), "msg_x", 1, &later(MESSAGE));
    }
    assert_eq!(home.scan(SOURCE).records.len(), 1);
    insert(&database(&home, ".local/share/opencode/opencode-next.db"), "msg_y", 1, &later(MESSAGE));
    assert_eq!(home.scan(SOURCE).records.len(), 2);
}

#[test]
fn message_unfinished_is_returned_when_it_is_finished() {
    let home = Home::new();
    let connection = database(&home, DATABASE);
    insert(&connection, "msg_old", 1_795_170_009_456, MESSAGE);
    let unfinished = later(MESSAGE).replace(",\"completed\":1795170109456", "");
    insert(&connection, "msg_new", 1_795_170_100_123, &unfinished);
    let first = home.scan(SOURCE);
    assert_eq!(first.records.len(), 1);
    insert(&connection, "msg_new", 1_795_170_109_456, &later(MESSAGE));
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(second.one().tokens.output, 801 - 200, "no longer the total: reasoning is a part");
    assert_eq!(home.scan_again(SOURCE, &second.state).report.files_read, 0);
}

#[test]
fn message_rewritten_after_it_was_complete_keeps_its_id() {
    let home = Home::new();
    let connection = database(&home, DATABASE);
    insert(&connection, "msg_syn001", 1_795_170_009_456, MESSAGE);
    let first = home.scan(SOURCE);
    insert(
        &connection,
        "msg_syn001",
        1_795_170_019_456,
        &MESSAGE.replace("\"total\":15420,", "").replace("\"output\":600", "\"output\":9600"),
    );
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!((second.ids(), second.one().tokens.output), (first.ids(), 9_600));
}

#[test]
fn rows_in_the_write_ahead_log_are_found() {
    let home = Home::new();
    let connection = database(&home, DATABASE);
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    insert(&connection, "msg_old", 1_795_170_009_456, MESSAGE);
    let first = home.scan(SOURCE);
    assert_eq!(first.records.len(), 1);
    let before = std::fs::metadata(home.path(DATABASE)).unwrap().modified().unwrap();
    insert(&connection, "msg_new", 1_795_170_109_456, &later(MESSAGE));
    assert_eq!(std::fs::metadata(home.path(DATABASE)).unwrap().modified().unwrap(), before, "only the log grew");
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(second.records.len(), 1);
    assert_eq!(home.scan_again(SOURCE, &second.state).report.files_read, 0);
}

#[test]
fn rows_that_are_restored_later_are_found() {
    let home = Home::new();
    let connection = database(&home, DATABASE);
    insert(&connection, "msg_new", 1_795_170_109_456, &later(MESSAGE));
    let first = home.scan(SOURCE);
    insert(&connection, "msg_old", 1_000, MESSAGE);
    assert_eq!(home.scan_again(SOURCE, &first.state).records.len(), 1);
}

#[test]
fn reasoning_is_a_part_of_output_unless_the_total_says_otherwise() {
    for (name, total, output) in
        [("separate", "\"total\":15420,", 800), ("a part", "\"total\":15220,", 600), ("no total", "", 600)]
    {
        let home = Home::new();
        insert(&database(&home, DATABASE), "msg_syn001", 1, &MESSAGE.replace("\"total\":15420,", total));
        assert_eq!(home.scan(SOURCE).one().tokens.output, output, "{name}");
    }
}

#[test]
fn json_tree_and_database_count_once() {
    let home = Home::new();
    insert(&database(&home, DATABASE), "msg_syn001", 1, MESSAGE);
    home.write(".local/share/opencode/storage/message/ses_syn1/msg_syn001.json", MESSAGE);
    home.write(
        ".local/share/opencode/storage/message/ses_syn1/msg_syn002.json",
        later(MESSAGE).replace("msg_syn001", "msg_syn002"),
    );
    home.write(
        ".local/share/opencode/storage/message/ses_syn1/msg_syn000.json",
        "{\"role\":\"user\",\"time\":{\"created\":1}}",
    );
    home.write(".local/share/opencode/storage/message/ses_syn1/msg_torn.json", &MESSAGE[..50]);
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (2, 1));
}

#[test]
fn second_form_of_the_database_is_read() {
    let home = Home::new();
    home.write(".local/share/opencode/opencode-next.db", "");
    let connection = Connection::open(home.path(".local/share/opencode/opencode-next.db")).unwrap();
    connection
        .execute_batch("CREATE TABLE session_message (id TEXT, session_id TEXT, seq INTEGER, type TEXT, data TEXT)")
        .unwrap();
    let data = MESSAGE.replace("\"role\":\"assistant\",", "").replace(
        "\"modelID\":\"claude-sonnet-5\",\"providerID\":\"anthropic\"",
        "\"model\":{\"id\":\"claude-sonnet-5\",\"providerID\":\"anthropic\"}",
    );
    let sql = "INSERT INTO session_message VALUES (?1, 'ses_syn1', 1, ?2, ?3)";
    connection.execute(sql, ["msg_1", "assistant", &data]).unwrap();
    connection.execute(sql, ["msg_2", "user", &later(&data)]).unwrap();
    let scanned = home.scan(SOURCE);
    assert_eq!((&*scanned.one().model, scanned.one().provider.as_deref()), ("claude-sonnet-5", Some("anthropic")));

    // The same response as in the first form.
    insert(&database(&home, DATABASE), "msg_syn001", 1, MESSAGE);
    assert_eq!(home.scan(SOURCE).records.len(), 1);
}

#[test]
fn database_without_tables_is_empty() {
    let home = Home::new();
    home.write(DATABASE, "");
    let first = home.scan(SOURCE);
    assert_eq!((first.records.len(), first.report.problem_count), (0, 0));
    insert(&database(&home, DATABASE), "msg_syn001", 1, MESSAGE);
    assert_eq!(home.scan_again(SOURCE, &first.state).records.len(), 1);
}

#[test]
fn message_ahead_of_the_clock_is_returned_when_the_clock_is_right() {
    let home = Home::new();
    // The third of December.
    let created = 1_795_170_000_123_u64 + 13 * 24 * 60 * 60 * 1_000;
    insert(&database(&home, DATABASE), "msg_syn001", 1, &MESSAGE.replace("1795170000123", &created.to_string()));
    let first = home.scan(SOURCE);
    assert_eq!((first.records.len(), first.report.problem_count), (0, 1));
    assert_eq!(home.scan_at(SOURCE, &first.state, datetime!(2026-12-05 12:00 UTC)).records.len(), 1);
}

#[test]
fn database_of_another_form_is_a_problem_and_the_rest_is_read() {
    let home = Home::new();
    home.write(DATABASE, "");
    Connection::open(home.path(DATABASE)).unwrap().execute_batch("CREATE TABLE other (id TEXT)").unwrap();
    insert(&database(&home, ".local/share/opencode/opencode-dev.db"), "msg_syn001", 1, MESSAGE);
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (1, 1));
}

#[test]
fn variables_name_database_and_directory() {
    let mut home = Home::new();
    insert(&database(&home, "elsewhere/any-name.db"), "msg_syn001", 1, MESSAGE);
    home.variable("OPENCODE_DB", "~/elsewhere/any-name.db");
    assert_eq!(home.scan(SOURCE).records.len(), 1);
}

#[test]
fn mimo_code_leaves_out_the_history_of_claude_code() {
    let home = Home::new();
    let connection = database(&home, ".local/share/mimocode/mimocode.db");
    insert(&connection, "msg_syn001", 1, MESSAGE);
    let own = later(MESSAGE).replace("claude-sonnet-5", "mimo-v2.5-pro").replace("\"anthropic\"", "\"mimo\"");
    insert(&connection, "msg_syn002", 2, &own);
    let scanned = home.scan("mimocode");
    assert_eq!(scanned.outputs(), [("mimo-v2.5-pro", 601)]);
    assert_eq!(scanned.report.not_calls, 1);
}

#[test]
fn kilo_is_a_source_of_its_own() {
    let home = Home::new();
    insert(&database(&home, ".local/share/kilo/kilo.db"), "msg_syn001", 1, MESSAGE);
    assert_eq!(home.scan("kilo-cli").records.len(), 1);
    assert_eq!(home.scan(SOURCE).records.len(), 0);
}
