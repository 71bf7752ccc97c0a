use crate::fingerprint::fp1;
use crate::reader::Reader;
use crate::testing::{Home, tokens};

const SOURCE: &str = "gemini-cli";
const CHAT: &str = ".gemini/tmp/shop/chats/session-2026-11-20T08-00-b1f0.jsonl";
const CHAT_LINES: &str = include_str!("fixtures/chat.jsonl");

/// The same chat as the document of an older version.
fn document() -> String {
    let messages: Vec<_> =
        CHAT_LINES.lines().filter(|line| line.starts_with("{\"id\"") && line.contains("tokens")).collect();
    format!("{{\"sessionId\":\"b1f0\",\"messages\":[{}]}}", messages.join(","))
}

#[test]
fn message_appended_again_counts_once_and_a_rewound_one_counts() {
    let home = Home::new();
    home.write(CHAT, CHAT_LINES);
    let scanned = home.scan(SOURCE);
    assert_eq!(
        scanned.ids(),
        [fp1(SOURCE, "b1f0", &[12_000, 9_000, 300, 450, 0]), fp1(SOURCE, "b1f0", &[500, 0, 20, 0, 70])]
    );
    assert_eq!(scanned.records[0].tokens, tokens([3_000, 9_000, 0, 0, 750, 450]));
    assert_eq!(scanned.records[1].tokens, tokens([570, 0, 0, 0, 20, 0]));
    assert_eq!((scanned.records[0].project.as_deref(), scanned.report.copies_merged), (Some("shop"), 1));
    assert_eq!(scanned.report.problem_count, 0);
}

#[test]
fn document_migrated_to_lines_counts_once() {
    let home = Home::new();
    home.write(CHAT, CHAT_LINES);
    home.write(".gemini/tmp/shop/chats/session-2026-11-20T08-00-b1f0.json", document());
    assert_eq!(home.scan(SOURCE).records.len(), 2);
}

#[test]
fn document_alone_equals_its_lines() {
    let (home, lines) = (Home::new(), Home::new());
    let hash = "9c".repeat(32);
    home.write(&format!(".gemini/tmp/{hash}/chats/session-old.json"), document());
    lines.write(&format!(".gemini/tmp/{hash}/chats/session-new.jsonl"), CHAT_LINES);
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.records, lines.scan(SOURCE).records);
    assert_eq!(scanned.records[0].project, None, "a hash is no name");
}

#[test]
fn sub_agents_and_set_messages_are_read() {
    let home = Home::new();
    let message = CHAT_LINES.lines().nth(3).unwrap();
    home.write(
        ".gemini/tmp/shop/chats/b1f0/sub1.jsonl",
        format!("{{\"sessionId\":\"sub1\",\"kind\":\"subagent\"}}\n{{\"$set\":{{\"messages\":[{message}]}}}}\n"),
    );
    home.write(".gemini/tmp/shop/logs.json", "[{\"sessionId\":\"b1f0\",\"message\":\"synthetic prompt\"}]");
    assert_eq!(home.scan(SOURCE).ids(), [fp1(SOURCE, "sub1", &[12_000, 9_000, 300, 450, 0])]);
}

#[test]
fn chat_that_grows_continues_in_its_session() {
    let home = Home::new();
    let (before, after) = CHAT_LINES.split_at(CHAT_LINES.find("{\"$set\"").unwrap());
    home.write(CHAT, before);
    let first = home.scan(SOURCE);
    home.append(CHAT, after);
    assert_eq!(home.scan_again(SOURCE, &first.state).ids(), [fp1(SOURCE, "b1f0", &[500, 0, 20, 0, 70])]);
}

#[test]
fn more_cached_than_input_is_a_problem_of_its_line() {
    let home = Home::new();
    home.write(
        CHAT,
        CHAT_LINES.replace("\"input\":500,\"output\":20,\"cached\":0", "\"input\":500,\"output\":20,\"cached\":501"),
    );
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problems[0].line), (1, Some(7)));
}

#[test]
fn variable_replaces_the_home_directory() {
    let mut home = Home::new();
    home.write(&format!("other/{CHAT}"), CHAT_LINES);
    home.variable("GEMINI_CLI_HOME", "~/other");
    assert_eq!(home.scan(SOURCE).records.len(), 2);
}

#[test]
fn retention_follows_the_settings() {
    for (settings, expected) in [
        ("{}", Some(30)),
        ("{\"general\":{\"sessionRetention\":{\"maxAge\":\"2w\"}}}", Some(14)),
        ("{\"general\":{\"sessionRetention\":{\"enabled\":false}}}", None),
    ] {
        let home = Home::new();
        home.write(".gemini/settings.json", settings);
        let days = super::GeminiCli.retention(&home.environment).map(|retention| retention.days);
        assert_eq!(days, expected, "{settings}");
    }
}
