use crate::testing::{Home, tokens};

const SESSION: &str = ".pi/agent/sessions/--home-eve-shop--/2026-11-20_019a.jsonl";
const LINES: &str = include_str!("fixtures/session.jsonl");

#[test]
fn usage_without_a_model_counts_as_unknown() {
    let home = Home::new();
    home.write(SESSION, LINES);
    let scanned = home.scan("pi");
    assert_eq!(scanned.outputs(), [("claude-sonnet-5", 340), ("unknown", 6), ("unknown", 7)]);
    let record = &scanned.records[0];
    assert_eq!((&*record.id, record.tokens), ("anthropic:msg_SYN9", tokens([12, 8_000, 500, 200, 340, 100])));
    assert_eq!((record.project.as_deref(), record.reported_cost_nanousd), (Some("shop"), Some(9_000_000)));
}

#[test]
fn fork_copies_count_once() {
    let home = Home::new();
    home.write(SESSION, LINES);
    let own = LINES
        .lines()
        .nth(3)
        .unwrap()
        .replace("msg_SYN9", "msg_SYN10")
        .replace("a1b2c3d4", "a1b2c3d9")
        .replace("8:00:05", "8:10:05");
    home.write(
        ".pi/agent/sessions/--home-eve-fork--/2026-11-21_019b.jsonl",
        format!("{}{own}\n", LINES.replace("019a-s1", "019b-s2")),
    );
    let scanned = home.scan("pi");
    assert_eq!((scanned.records.len(), scanned.report.copies_merged), (4, 3));
}

#[test]
fn entry_id_in_two_files_is_two_responses() {
    let home = Home::new();
    home.write(SESSION, LINES.replace("\"responseId\":\"msg_SYN9\",", ""));
    let other = LINES.replace("\"responseId\":\"msg_SYN9\",", "").replace("1795161605000", "1795161705000");
    home.write(".pi/agent/sessions/--home-eve-other--/2026-11-21_019b.jsonl", other);
    assert_eq!(home.scan("pi").outputs().iter().filter(|(model, _)| *model == "claude-sonnet-5").count(), 2);
}

#[test]
fn openclaw_sessions_reset_or_deleted_count_and_the_model_may_be_switched() {
    let home = Home::new();
    let line = LINES.lines().nth(3).unwrap().replace("\"provider\":\"anthropic\",\"model\":\"claude-sonnet-5\",", "");
    let switched = "{\"type\":\"model_change\",\"id\":\"m1\",\"provider\":\"moonshot\",\"modelId\":\"Kimi-K3\"}";
    home.write(".openclaw/agents/main/sessions/a.jsonl.reset.2026-11-20", format!("{switched}\n{line}\n"));
    let snapshot =
        "{\"type\":\"custom\",\"customType\":\"model-snapshot\",\"data\":{\"provider\":\"zai\",\"modelId\":\"glm-5\"}}";
    let second = line.replace("msg_SYN9", "msg_SYN10");
    home.write(".openclaw-work/agents/main/sessions/b.jsonl.deleted.2026-11-20", format!("{snapshot}\n{second}\n"));
    let scanned = home.scan("openclaw");
    assert_eq!(scanned.ids(), ["moonshot:msg_SYN9", "zai:msg_SYN10"]);
    assert_eq!(scanned.outputs(), [("kimi-k3", 340), ("glm-5", 340)]);
}

#[test]
fn usage_of_a_sub_agent_replaces_that_of_its_caller() {
    let attributed = "{\"type\":\"child_usage_attributed\",\"id\":\"c1\",\"targetId\":\"a1b2c3d4\",\"timestamp\":\"2026-11-20T08:01:00.000Z\",\"childUsage\":{\"input\":100,\"output\":60,\"cacheRead\":0,\"cacheWrite\":0},\"aggregateUsage\":{\"input\":112,\"output\":400,\"cacheRead\":8000,\"cacheWrite\":500}}\n";
    let home = Home::new();
    let path = ".prime/agent/sessions/2026-11-20_019a.jsonl";
    home.write(path, LINES);
    let first = home.scan("prime");
    home.append(path, attributed);
    let second = home.scan_again("prime", &first.state);
    assert_eq!(second.one().tokens, tokens([112, 8_000, 500, 0, 400, 100]));
    assert!(second.one().supersedes(&first.records[0]));
    assert_eq!(second.one().id, first.records[0].id);
    assert_eq!(home.scan("prime").records.len(), 3, "both at once");
}

#[test]
fn variables_name_the_sessions() {
    let mut home = Home::new();
    home.write("elsewhere/sessions/x/1.jsonl", LINES);
    home.variable("PI_CODING_AGENT_DIR", "~/elsewhere");
    assert_eq!(home.scan("pi").records.len(), 3);
}
