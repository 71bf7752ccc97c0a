use std::fs;
use std::io::Write as _;

use time::macros::datetime;

use crate::testing::{Home, tokens};
use crate::{ProblemKind, Reader};

const SOURCE: &str = "claude-code";
const SESSION: &str = ".claude/projects/-home-eve-shop/5d0c0000-0000-4000-8000-000000000001.jsonl";
const GROWING: &str = include_str!("fixtures/growing.jsonl");

#[test]
fn response_of_three_lines_is_one_record_with_the_last_counts() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    let scanned = home.scan(SOURCE);
    let record = scanned.one();
    assert_eq!(record.id, "req_SYN0001");
    assert_eq!(record.timestamp, datetime!(2026-11-20 10:00:01.250 UTC), "the earliest line");
    assert_eq!(record.tokens, tokens([7, 41_200, 1_800, 1_500, 631, 210]));
    assert_eq!(&*record.model, "claude-opus-5-5");
    assert_eq!(record.project.as_deref(), Some("shop"));
    assert!(!record.incomplete);
    assert_eq!((scanned.report.copies_merged, scanned.report.lines_read), (2, 4));
}

#[test]
fn sub_agent_file_never_finished_is_incomplete() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    let directory = SESSION.trim_end_matches(".jsonl");
    home.write(&format!("{directory}/subagents/agent-a17.jsonl"), include_str!("fixtures/sub-agent.jsonl"));
    home.write(&format!("{directory}/subagents/workflows/wf/journal.jsonl"), "{\"usage\":\n");
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.ids(), ["req_SYN0001", "req_SUB0001"]);
    let record = &scanned.records[1];
    assert!(record.incomplete);
    assert_eq!((record.tokens.output, record.agent.as_deref()), (55, Some("a17")));
    assert_eq!((scanned.report.unfinished, scanned.report.problem_count), (1, 0));
}

#[test]
fn fork_copy_with_rewritten_session_counts_once() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    home.write(".claude/projects/-home-eve-a-fork/6e1d.jsonl", include_str!("fixtures/fork.jsonl"));
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.ids(), ["req_SYN0001", "req_SYN0002"]);
    assert_eq!(scanned.records.iter().map(|record| record.tokens.output).sum::<u64>(), 671);
}

#[test]
fn fork_copy_in_a_later_scan_is_not_returned_again() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    let first = home.scan(SOURCE);
    home.write(".claude/projects/-home-eve-a-fork/6e1d.jsonl", include_str!("fixtures/fork.jsonl"));
    assert_eq!(home.scan_again(SOURCE, &first.state).ids(), ["req_SYN0002"]);
}

#[test]
fn side_question_replaying_a_response_keeps_the_main_thread() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    let side = format!("{}/subagents/agent-b1.jsonl", SESSION.trim_end_matches(".jsonl"));
    home.write(&side, include_str!("fixtures/side-question.jsonl"));
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.ids(), ["req_SYN0001", "req_BTW0002"]);
    assert_eq!(scanned.records[0].tokens.output, 631);

    fs::remove_file(home.path(&side)).unwrap();
    let first = home.scan(SOURCE);
    home.write(&side, include_str!("fixtures/side-question.jsonl"));
    assert_eq!(home.scan_again(SOURCE, &first.state).ids(), ["req_BTW0002"], "the replay comes in a later scan");
}

#[test]
fn advisor_iterations_are_records_of_their_own() {
    let home = Home::new();
    home.write(SESSION, include_str!("fixtures/advisor.jsonl"));
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.ids(), ["req_ADV0001", "req_ADV0001#advisor:0", "req_ADV0001#advisor:1"]);
    assert_eq!(scanned.outputs(), [("claude-opus-5-5", 100), ("claude-sonnet-5", 120), ("claude-sonnet-5", 9)]);
    assert_eq!(scanned.records[2].tokens, tokens([50, 4, 0, 0, 9, 0]));
}

#[test]
fn synthetic_errors_and_progress_are_no_calls() {
    let home = Home::new();
    home.write(SESSION, include_str!("fixtures/not-calls.jsonl"));
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.ids(), ["req_OK1"]);
    assert_eq!(scanned.report.not_calls, 2);
}

#[test]
fn id_is_request_then_message_then_line() {
    let home = Home::new();
    home.write(SESSION, include_str!("fixtures/request-id.jsonl"));
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.ids(), ["msg_NOREQ1", "req_HALF1", "req_ONLY1", "n6"]);
    assert_eq!(scanned.records.iter().map(|record| record.tokens.output).collect::<Vec<_>>(), [77, 88, 99, 111]);
}

#[test]
fn id_stays_when_a_later_line_has_another_one() {
    let lines: Vec<_> = include_str!("fixtures/request-id.jsonl").split_inclusive('\n').skip(2).take(2).collect();
    let recent = |line: &str| line.replace("2026-11-20", "2026-11-29");
    let more = |line: &str| recent(line).replace("\"output_tokens\":", "\"output_tokens\":9");
    for (name, first, second) in [("first", lines[0], lines[1]), ("second", lines[1], lines[0])] {
        let home = Home::new();
        home.write(SESSION, recent(first));
        let one = home.scan(SOURCE);
        home.append(SESSION, more(second));
        let two = home.scan_again(SOURCE, &one.state);
        assert_eq!(two.ids(), one.ids(), "the {name} line has the id of the request");
        assert!(two.one().supersedes(one.one()));
    }
}

#[test]
fn gateway_id_reused_in_two_sessions_is_two_responses() {
    let home = Home::new();
    home.write(".claude/projects/one/s1.jsonl", include_str!("fixtures/gateway-one.jsonl"));
    home.write(".claude/projects/one/s2.jsonl", include_str!("fixtures/gateway-two.jsonl"));
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.outputs(), [("qwen/qwen3", 12), ("qwen/qwen3", 20)]);
}

#[test]
fn cache_writes_come_from_the_nested_object() {
    let home = Home::new();
    home.write(SESSION, include_str!("fixtures/one-hour.jsonl"));
    let scanned = home.scan(SOURCE);
    let writes: Vec<_> =
        scanned.records.iter().map(|record| (record.tokens.cache_write, record.tokens.cache_write_1h)).collect();
    assert_eq!(writes, [(1_200, 1_000), (400, 0), (400, 0)]);
    assert_eq!(scanned.records[2].service_tier.as_deref(), Some("fast"));
}

#[test]
fn nested_null_id_loses_no_record() {
    let home = Home::new();
    home.write(SESSION, include_str!("fixtures/null-id.jsonl"));
    assert_eq!(home.scan(SOURCE).ids(), ["req_N1"]);
}

#[test]
fn torn_last_line_is_read_when_it_is_whole() {
    let home = Home::new();
    let (torn, rest) = GROWING.split_at(GROWING.len() - 100);
    home.write(SESSION, torn);
    let first = home.scan(SOURCE);
    assert_eq!((first.one().tokens.output, first.one().incomplete), (5, true));
    assert_eq!(first.report.problem_count, 0);

    home.append(SESSION, rest);
    let second = home.scan_again(SOURCE, &first.state);
    let record = second.one();
    assert_eq!((record.tokens.output, record.incomplete), (631, false));
    assert_eq!(record.timestamp, first.one().timestamp, "the earliest line was in the first scan");
    assert_eq!(second.report.lines_read, 1);
    assert!(record.supersedes(first.one()));
}

#[test]
fn unchanged_files_are_not_read() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    let first = home.scan(SOURCE);
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!((second.records.len(), second.report.files_found, second.report.files_read), (0, 1, 0));
    assert_eq!(home.scan_again(SOURCE, &second.state).report.files_read, 0);
}

#[test]
fn file_replaced_is_read_from_its_start() {
    let home = Home::new();
    let new = include_str!("fixtures/fork.jsonl").lines().last().unwrap();
    let other = format!("{}\n", "{\"type\":\"user\"}".repeat(500));
    for (name, replacement) in [("shorter", format!("{new}\n")), ("longer", format!("{new}\n{other}"))] {
        home.write(SESSION, GROWING);
        let first = home.scan(SOURCE);
        home.write(SESSION, replacement);
        assert_eq!(home.scan_again(SOURCE, &first.state).ids(), ["req_SYN0002"], "{name}");
    }
}

#[test]
fn state_of_another_reader_or_form_is_not_used() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    let state = serde_json::to_value(home.scan(SOURCE).state).unwrap();
    for (pointer, name) in [("/version", "form"), ("/sources/claude-code/parser_version", "reader")] {
        let mut state = state.clone();
        *state.pointer_mut(pointer).unwrap() = 99.into();
        let state = serde_json::from_value(state).unwrap();
        assert_eq!(home.scan_again(SOURCE, &state).ids(), ["req_SYN0001"], "{name}");
    }
}

#[test]
fn state_lost_returns_the_same_records() {
    let home = Home::new();
    home.write(SESSION, GROWING);
    home.write(".claude/projects/one/s1.jsonl", include_str!("fixtures/gateway-one.jsonl"));
    let first = home.scan(SOURCE);
    assert_eq!(home.scan(SOURCE).records, first.records);
}

#[test]
fn bad_line_is_named_and_the_others_are_read() {
    let home = Home::new();
    let content = format!("{{\"usage\":\n\n{GROWING}{{\"type\":\"assistant\",\"message\":{{\"usage\":[]}}}}\n");
    let path = home.write(SESSION, content);
    let scanned = home.scan(SOURCE);
    assert_eq!(scanned.ids(), ["req_SYN0001"]);
    let problems: Vec<_> = scanned.report.problems.iter().map(|problem| (&problem.path, problem.line)).collect();
    assert_eq!(problems, [(&path, Some(1)), (&path, Some(7))]);
}

#[test]
fn message_of_another_form_in_another_type_is_no_problem() {
    let home = Home::new();
    home.write(SESSION, format!("{{\"message\":\"text\",\"usage\":{{}},\"type\":\"notice\"}}\n{GROWING}"));
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (1, 0));
}

#[test]
fn negative_count_and_impossible_time_are_rejected() {
    let home = Home::new();
    let line = GROWING.lines().last().unwrap();
    let negative = line.replace("\"input_tokens\":7", "\"input_tokens\":-7");
    let future = line.replace("2026-11-20", "2026-12-20").replace("SYN0001", "SYN0009");
    let old = line.replace("2026-11-20", "2019-11-20").replace("SYN0001", "SYN0008");
    home.write(SESSION, format!("{negative}\n{future}\n{old}\n"));
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 3));
    let kinds: Vec<_> = scanned.report.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == ProblemKind::Refused).count(), 2);
    assert_eq!(kinds.iter().filter(|kind| **kind == ProblemKind::BadLine).count(), 1);
}

#[test]
fn response_ahead_of_the_clock_is_returned_when_the_clock_is_right() {
    let home = Home::new();
    home.write(SESSION, GROWING.replace("2026-11-20", "2026-12-05"));
    let first = home.scan(SOURCE);
    assert!(first.records.is_empty() && first.report.problem_count > 0);
    let second = home.scan_at(SOURCE, &first.state, datetime!(2026-12-05 12:00 UTC));
    assert_eq!((second.ids(), second.report.problem_count), (vec!["req_SYN0001"], 0));
}

#[test]
fn line_of_40_megabytes_is_read() {
    let home = Home::new();
    let line = GROWING.lines().last().unwrap();
    let (before, after) = line.split_once("synthetic answer").unwrap();
    let path = home.write(SESSION, before);
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(&vec![b'x'; 40 << 20]).unwrap();
    file.write_all(format!("{after}\n").as_bytes()).unwrap();
    assert_eq!(home.scan(SOURCE).ids(), ["req_SYN0001"]);
}

#[test]
fn crlf_byte_order_mark_and_nuls_are_no_problem() {
    let home = Home::new();
    home.write(SESSION, format!("\u{feff}{}", GROWING.replace('\n', "\r\n\0\0")));
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.ids(), scanned.report.problem_count), (vec!["req_SYN0001"], 0));
}

#[test]
fn fields_of_minor_importance_may_have_any_form() {
    let home = Home::new();
    let line = GROWING.lines().last().unwrap();
    let odd = line
        .replace("\"service_tier\":\"standard\"", "\"service_tier\":{\"name\":7},\"iterations\":7")
        .replace("\"cwd\":\"/home/eve/shop\"", "\"cwd\":[]")
        .replace("\"stop_reason\":\"tool_use\"", "\"stop_reason\":{\"kind\":\"tool_use\"}");
    home.write(SESSION, format!("{odd}\n"));
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.one().tokens.output, scanned.one().incomplete), (631, false));
}

#[test]
fn line_that_is_not_utf8_is_read() {
    let home = Home::new();
    let line = GROWING.lines().last().unwrap();
    let (before, after) = line.split_once("synthetic answer").unwrap();
    home.write(SESSION, [before.as_bytes(), b"\xff\xfe broken \\ud83d", after.as_bytes(), b"\n"].concat());
    let scanned = home.scan(SOURCE);
    assert_eq!((scanned.ids(), scanned.report.problem_count), (vec!["req_SYN0001"], 0));
}

#[test]
fn roots_follow_the_variable_and_extra_dirs() {
    let mut home = Home::new();
    home.write("one/projects/a/1.jsonl", include_str!("fixtures/advisor.jsonl"));
    home.write("two/projects/a/2.jsonl", GROWING);
    home.write("three/backup/3.jsonl", include_str!("fixtures/null-id.jsonl"));
    home.write(SESSION, include_str!("fixtures/one-hour.jsonl"));
    home.variable("CLAUDE_CONFIG_DIR", "~/one, ~/two/projects");
    home.environment.add_extra_dirs("claude-code:~/three");
    let ids = home.scan(SOURCE).ids().join(" ");
    assert_eq!(ids, "req_ADV0001 req_ADV0001#advisor:0 req_ADV0001#advisor:1 req_N1 req_SYN0001");
}

#[test]
fn desktop_sessions_are_found() {
    let home = Home::new();
    home.write(".config/Claude/local-agent-mode-sessions/a/b/.claude/projects/c/1.jsonl", GROWING);
    home.write(".config/Claude/local-agent-mode-sessions/a/b/audit.jsonl", include_str!("fixtures/null-id.jsonl"));
    assert_eq!(home.scan(SOURCE).ids(), ["req_SYN0001"]);
}

#[test]
fn superseded_and_orphaned_copies_rescue_lines() {
    let home = Home::new();
    home.write(&format!("{SESSION}.superseded-1795170000"), GROWING);
    assert_eq!(home.scan(SOURCE).ids(), ["req_SYN0001"]);
}

#[test]
fn own_totals_are_the_last_of_a_session() {
    let home = Home::new();
    home.write(SESSION, include_str!("fixtures/cost-state.jsonl"));
    let totals = home.scan(SOURCE).report.session_totals;
    assert_eq!(totals.len(), 1);
    assert_eq!(totals[0].tokens, tokens([900, 410_000, 22_000, 0, 5_200, 1_800]));
    assert_eq!(totals[0].cost_nanousd, Some(1_800_000_000));
}

#[test]
fn retention_follows_the_settings() {
    let home = Home::new();
    let days = || super::ClaudeCode.retention(&home.environment).map(|retention| retention.days);
    assert_eq!(days(), Some(30));
    home.write(".claude/settings.json", "{\"cleanupPeriodDays\": 365}");
    assert_eq!(days(), Some(365));
    assert_eq!(super::ClaudeCode.suggestions(&home.environment), Vec::<std::path::PathBuf>::new());
    home.write(".claude-work/projects/a/1.jsonl", "");
    assert_eq!(super::ClaudeCode.suggestions(&home.environment), [home.path(".claude-work/projects")]);
}
