use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use time::macros::datetime;

use crate::testing::{Home, Scanned, tokens};
use crate::{ProblemKind, Record};

use super::message::ExportRequest;

const CLAUDE: &str = include_str!("fixtures/claude.jsonl");
const GATEWAY: &str = include_str!("fixtures/claude-gateway.jsonl");
const CODEX: &str = include_str!("fixtures/codex.jsonl");
/// The first line of the JSON, as another program encodes it.
const CLAUDE_PROTOBUF: &[u8] = include_bytes!("fixtures/claude.binpb");

const TRANSCRIPT: &str = ".claude/projects/-home-eve-shop/5d0c0000-0000-4000-8000-000000000001.jsonl";
const SUB_AGENT: &str =
    ".claude/projects/-home-eve-shop/5d0c0000-0000-4000-8000-000000000001/subagents/agent-a17.jsonl";
const ROLLOUT: &str =
    ".codex/sessions/2026/11/20/rollout-2026-11-20T09-00-00-019a0000-0000-7000-8000-00000000aaaa.jsonl";

/// A home whose telemetry is read.
fn home() -> Home {
    let mut home = Home::new();
    let directory = home.path("telemetry");
    home.environment.add_extra_dirs(&format!("otlp:{}", directory.display()));
    home
}

/// The best copies of what scans returned, by id.
fn merged(scans: &[&Scanned]) -> Vec<Record> {
    let mut best: Vec<Record> = Vec::new();
    for record in scans.iter().flat_map(|scan| &scan.records) {
        match best.iter_mut().find(|known| known.id == record.id) {
            Some(known) => drop(known.merge(record.clone())),
            None => best.push(record.clone()),
        }
    }
    best.sort_by(|a, b| a.id.cmp(&b.id));
    best
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Requests as the Collector's file exporter writes them in its format `proto`.
fn framed(json_lines: &str) -> Vec<u8> {
    let mut file = Vec::new();
    for line in json_lines.lines() {
        let request = ExportRequest::from_json(line.as_bytes()).unwrap().encode_to_vec();
        file.extend(u32::try_from(request.len()).unwrap().to_be_bytes());
        file.extend(request);
    }
    file
}

fn write_transcripts(home: &Home) {
    home.write(TRANSCRIPT, include_str!("../claude/fixtures/growing.jsonl"));
    home.write(SUB_AGENT, include_str!("../claude/fixtures/sub-agent.jsonl"));
}

#[test]
fn request_that_is_sent_twice_is_one_record() {
    let home = home();
    home.write("telemetry/otlp.json", CLAUDE);
    let scanned = home.scan("claude-code");
    assert_eq!(scanned.ids(), ["req_SYN0001", "req_SUB0001", "req_TITLE01"]);
    let record = &scanned.records[0];
    assert_eq!(record.tokens, tokens([7, 41_200, 1_800, 0, 631, 0]));
    assert_eq!(record.timestamp, datetime!(2026-11-20 10:00:09.1 UTC), "the end of the request");
    assert_eq!((&*record.model, record.reported_cost_nanousd), ("claude-opus-5-5", Some(21_300_000)));
    assert_eq!((record.incomplete, record.project.as_deref()), (false, None));
    assert_eq!(scanned.report.problem_count, 0, "metrics are no problem");
    assert!(home.scan("codex").records.is_empty());
}

#[test]
fn telemetry_is_read_only_where_a_directory_is_named() {
    let home = Home::new();
    home.write("telemetry/otlp.json", CLAUDE);
    assert!(home.scan("claude-code").records.is_empty());
}

#[test]
fn claude_log_and_telemetry_are_one_record_in_any_order() {
    let together = home();
    write_transcripts(&together);
    together.write("telemetry/otlp.json", CLAUDE);
    let expected = merged(&[&together.scan("claude-code")]);
    assert_eq!(
        expected.iter().map(|record| (&*record.id, record.tokens)).collect::<Vec<_>>(),
        [
            ("req_SUB0001", tokens([7, 41_200, 1_800, 1_500, 910, 0])),
            ("req_SYN0001", tokens([7, 41_200, 1_800, 1_500, 631, 210])),
            ("req_TITLE01", tokens([350, 0, 0, 0, 12, 0])),
        ]
    );
    let sub_agent = &expected[0];
    assert!(!sub_agent.incomplete, "the log has no end of it");
    assert_eq!((sub_agent.project.as_deref(), sub_agent.agent.as_deref()), (Some("shop"), Some("a17")));

    let log_first = home();
    write_transcripts(&log_first);
    let one = log_first.scan("claude-code");
    log_first.write("telemetry/otlp.json", CLAUDE);
    let two = log_first.scan_again("claude-code", &one.state);
    assert_eq!(merged(&[&one, &two]), expected);

    let telemetry_first = home();
    telemetry_first.write("telemetry/otlp.json", CLAUDE);
    let one = telemetry_first.scan("claude-code");
    write_transcripts(&telemetry_first);
    let two = telemetry_first.scan_again("claude-code", &one.state);
    assert_eq!(merged(&[&one, &two]), expected);
}

#[test]
fn claude_event_without_request_id_is_refused_and_its_logged_response_counts_once() {
    let home = home();
    let transcript = include_str!("../claude/fixtures/growing.jsonl");
    home.write(TRANSCRIPT, transcript.replace(r#""requestId":"req_SYN0001","#, ""));
    home.write("telemetry/otlp.json", GATEWAY);
    let scanned = home.scan("claude-code");
    assert_eq!((&*scanned.one().id, scanned.one().tokens.output), ("msg_SYN0001", 631));
    let problems = &scanned.report.problems;
    assert_eq!(scanned.report.problem_count, 2, "the second request has two events: {problems:?}");
    assert!(problems.iter().all(|problem| problem.reason == "an event without the id of its request"));
}

#[test]
fn claude_event_has_the_id_that_a_response_began_with() {
    let recent = |text: &str| text.replace("2026-11-20T", "2026-11-30T");
    let transcript = recent(include_str!("../claude/fixtures/growing.jsonl"));
    let lines: Vec<_> = transcript.split_inclusive('\n').collect();
    let home = home();
    home.write(TRANSCRIPT, lines[..2].concat().replace(r#""requestId":"req_SYN0001","#, ""));
    let one = home.scan("claude-code");
    home.append(TRANSCRIPT, lines[2..].concat());
    let two = home.scan_again("claude-code", &one.state);
    home.write("telemetry/otlp.json", CLAUDE.lines().next().unwrap().to_owned() + "\n");
    let three = home.scan_again("claude-code", &two.state);
    assert_eq!((three.records.len(), merged(&[&one, &two, &three])), (1, merged(&[&one, &two])));
}

#[test]
fn codex_event_and_rollout_are_one_record() {
    let rollout = include_str!("../codex/fixtures/current.jsonl");
    let [event_first, rollout_first] = [true, false].map(|is_event_first| {
        let home = home();
        let write = |is_event: bool| {
            let (path, content) = if is_event { ("telemetry/otlp.json", CODEX) } else { (ROLLOUT, rollout) };
            home.write(path, content);
        };
        write(is_event_first);
        let one = home.scan("codex");
        write(!is_event_first);
        let two = home.scan_again("codex", &one.state);
        if is_event_first {
            assert_eq!(one.one().tokens, tokens([2_834, 21_600, 0, 0, 194, 47]));
            assert_eq!(one.one().timestamp, datetime!(2026-11-20 09:00:09 UTC), "no time but an attribute");
            assert!(two.ids().contains(&&*one.one().id));
        }
        merged(&[&one, &two])
    });
    assert_eq!(event_first, rollout_first);
    let plain = Home::new();
    plain.write(ROLLOUT, rollout);
    assert_eq!(event_first, merged(&[&plain.scan("codex")]), "the rollout knows cache writes and the project");
}

#[test]
fn bad_event_is_named_and_costs_no_other_and_an_unknown_one_is_none() {
    let home = home();
    home.write("telemetry/otlp.json", CODEX);
    let scanned = home.scan("codex");
    assert_eq!(scanned.records.len(), 1);
    let problems: Vec<_> = scanned.report.problems.iter().map(|problem| (problem.kind, &*problem.reason)).collect();
    assert_eq!(problems, [(ProblemKind::BadLine, "input_token_count is not a count")]);
}

#[test]
fn gemini_and_qwen_events_have_the_ids_of_their_chats() {
    for (source, path, chat, telemetry) in [
        (
            "gemini-cli",
            ".gemini/tmp/shop/chats/session-1.jsonl",
            include_str!("../gemini/fixtures/chat.jsonl"),
            include_str!("fixtures/gemini.jsonl"),
        ),
        (
            "qwen-code",
            ".qwen/projects/-home-eve-shop/chats/a1.jsonl",
            include_str!("../qwen/fixtures/line.jsonl"),
            include_str!("fixtures/qwen.jsonl"),
        ),
    ] {
        let home = home();
        home.write("telemetry/otlp.jsonl", telemetry);
        let one = home.scan(source);
        home.write(path, chat);
        let two = home.scan_again(source, &one.state);
        let event = one.one();
        assert_eq!(event.timestamp.second(), 5, "{source}: only the time of observation is known");
        let logged = two.records.iter().find(|record| record.id == event.id).expect(source);
        assert_eq!((logged.tokens, &logged.model), (event.tokens, &event.model), "{source}");
        assert!(logged.supersedes(event), "{source}");
    }
}

#[test]
fn gemini_event_has_the_id_that_a_growing_message_began_with() {
    let whole = include_str!("../gemini/fixtures/chat.jsonl").replace("2026-11-20T", "2026-11-30T");
    let chat = ".gemini/tmp/shop/chats/session-1.jsonl";
    let home = home();
    home.write(chat, whole.replace("\"output\":300", "\"output\":1"));
    let one = home.scan("gemini-cli");
    home.write(chat, &whole);
    let two = home.scan_again("gemini-cli", &one.state);
    home.write("telemetry/otlp.json", include_str!("fixtures/gemini.jsonl").replace("2026-11-20T", "2026-11-30T"));
    let three = home.scan_again("gemini-cli", &two.state);
    assert_eq!(three.records.len(), 1);
    assert_eq!(merged(&[&one, &two, &three]), merged(&[&one, &two]));
}

#[test]
fn protobuf_has_the_records_of_json() {
    let plain = home();
    plain.write("telemetry/otlp.json", CLAUDE);
    let expected = plain.scan("claude-code").records;
    let (first, _) = CLAUDE.split_once('\n').unwrap();
    for (name, content, expected) in [
        ("one.pb", CLAUDE_PROTOBUF.to_vec(), &expected[..1]),
        ("one.binpb.gz", gzip(CLAUDE_PROTOBUF), &expected[..1]),
        ("all.binpb", framed(CLAUDE), &expected[..]),
        ("all.pb.gz", gzip(&framed(CLAUDE)), &expected[..]),
        ("one.json.gz", gzip(format!("{first}\n").as_bytes()), &expected[..1]),
        ("empty.pb", Vec::new(), &[]),
    ] {
        let home = home();
        home.write(&format!("telemetry/{name}"), content);
        let scanned = home.scan("claude-code");
        assert_eq!(scanned.records, expected, "{name}: {:?}", scanned.report.problems);
    }
}

#[test]
fn torn_request_is_read_when_it_is_whole() {
    let requests = framed(CLAUDE);
    for cut in 0..requests.len() {
        let home = home();
        home.write("telemetry/otlp.binpb", &requests[..cut]);
        let one = home.scan("claude-code");
        assert_eq!(one.report.problem_count, 0, "{cut}");
        home.grow("telemetry/otlp.binpb", &requests);
        let two = home.scan_again("claude-code", &one.state);
        assert_eq!(one.records.len() + two.records.len(), 3, "{cut}");
    }
}

#[test]
fn damaged_protobuf_is_named() {
    let mut damaged = framed(CLAUDE);
    damaged[4] = 0xff;
    let mut too_long = u32::try_from(65 << 20).unwrap().to_be_bytes().to_vec();
    too_long.resize(too_long.len() + (65 << 20), 0);
    for (name, content, kind, records) in [
        ("all.binpb", damaged, ProblemKind::BadLine, 3),
        ("huge.binpb", [framed(CLAUDE), too_long].concat(), ProblemKind::BadLine, 3),
        ("one.pb.gz", b"not gzip".to_vec(), ProblemKind::Unread, 0),
    ] {
        let home = home();
        home.write(&format!("telemetry/{name}"), content);
        let scanned = home.scan("claude-code");
        let kinds: Vec<_> = scanned.report.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!((kinds, scanned.records.len()), (vec![kind], records), "{name}: {:?}", scanned.report.problems);
    }
}

#[test]
fn odd_values_cost_no_event() {
    let (first, _) = CLAUDE.split_once('\n').unwrap();
    let with = |attribute: &str| first.replace(r#"{"key":"user.id""#, &format!(r#"{attribute},{{"key":"user.id""#));
    let expected = tokens([7, 41_200, 1_800, 0, 631, 0]);
    for attribute in [
        "null",
        r#"{"key":null,"value":{"intValue":1}}"#,
        r#"{"key":7}"#,
        r#"{"key":"odd"}"#,
        r#"{"key":"odd","value":null}"#,
        r#"{"key":"odd","value":7}"#,
        r#"{"key":"odd","value":{"stringValue":7}}"#,
        r#"{"key":"odd","value":{"intValue":"99999999999999999999"}}"#,
        r#"{"key":"odd","value":{"doubleValue":"NaN"}}"#,
        r#"{"key":"odd","value":{"arrayValue":{"values":[{"kvlistValue":{}}]}}}"#,
    ] {
        let home = home();
        home.write("telemetry/otlp.json", with(attribute) + "\n");
        let scanned = home.scan("claude-code");
        assert_eq!((scanned.one().tokens, scanned.report.problem_count), (expected, 0), "{attribute}");
    }
    for (value, is_count) in [
        (r#"{"intValue":" 631 "}"#, true),
        (r#"{"intValue":631.0}"#, true),
        (r#"{"stringValue":"631.0"}"#, true),
        (r#"{"doubleValue":"631"}"#, true),
        (r#"{"intValue":-1}"#, false),
        (r#"{"doubleValue":631.5}"#, false),
        (r#"{"boolValue":true}"#, false),
        ("null", false),
    ] {
        let home = home();
        home.write("telemetry/otlp.json", first.replace(r#"{"intValue":"631"}"#, value) + "\n");
        let scanned = home.scan("claude-code");
        let found = (scanned.records.iter().any(|record| record.tokens == expected), scanned.report.problem_count);
        assert_eq!(found, (is_count, u64::from(!is_count)), "{value}");
    }

    let mut not_utf8 = CLAUDE_PROTOBUF.to_vec();
    let place = not_utf8.windows(9).position(|text| text == b"synthetic").unwrap();
    not_utf8[place] = 0xff;
    let home = home();
    home.write("telemetry/one.pb", not_utf8);
    assert_eq!(home.scan("claude-code").one().tokens, expected);
}

#[test]
fn events_before_a_damaged_place_of_an_archive_count() {
    let lines: String =
        (0..2_000).map(|n| CLAUDE.lines().next().unwrap().replace("req_SYN0001", &format!("req_{n}")) + "\n").collect();
    let mut archive = gzip(lines.as_bytes());
    archive.truncate(archive.len() / 2);
    let home = home();
    home.write("telemetry/otlp.json.gz", archive);
    let scanned = home.scan("claude-code");
    assert!(scanned.records.len() > 500, "{}", scanned.records.len());
    assert_eq!(scanned.report.files_unread, 1, "it is tried again");
}

#[test]
fn files_of_rotation_are_read_and_return_nothing_again() {
    let home = home();
    let lines: Vec<_> = CLAUDE.split_inclusive('\n').collect();
    home.write("telemetry/otlp.json", lines[0]);
    let one = home.scan("claude-code");
    home.append("telemetry/otlp.json", lines[1..].concat());
    home.write("telemetry/otlp.json.gz", gzip(&fs::read(home.path("telemetry/otlp.json")).unwrap()));
    home.write("telemetry/otlp.json", "");
    let two = home.scan_again("claude-code", &one.state);
    assert_eq!([one.records.len(), two.records.len()], [1, 2], "what was appended is in the archive only");
    for name in ["otlp-2026-11-30T12-00-00.json", "otlp.json.1", "otlp.json-20261130", "otlp.json.2.gz"] {
        let content = if name.ends_with("gz") { gzip(CLAUDE.as_bytes()) } else { CLAUDE.as_bytes().to_vec() };
        home.write(&format!("telemetry/{name}"), content);
        let three = home.scan_again("claude-code", &two.state);
        assert_eq!((three.records.len(), three.report.files_read), (0, 1), "{name}");
        fs::remove_file(home.path(&format!("telemetry/{name}"))).unwrap();
    }
}
