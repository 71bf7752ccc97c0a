use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;
use time::macros::datetime;

use crate::testing::{Home, Scanned, tokens};
use crate::{ProblemKind, Record, State};

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
    let counts = |records: Vec<Record>| {
        records.into_iter().map(|record| (record.id, record.tokens.total(), record.incomplete)).collect::<Vec<_>>()
    };
    assert_eq!(counts(merged(&[&one, &two])), counts(expected));
}

/// The transcript of a response without the id of its request, and its telemetry, at a time that is recent in tests.
fn gateway() -> (String, String) {
    let transcript = include_str!("../claude/fixtures/growing.jsonl").replace("2026-11-20T10:", "2026-11-30T11:");
    let transcript = transcript.replace(r#""requestId":"req_SYN0001","#, "").replace("msg_SYN0001", "chatcmpl-1");
    (transcript, GATEWAY.to_owned())
}

#[test]
fn claude_response_without_request_id_is_one_record_in_any_order() {
    let (transcript, telemetry) = gateway();
    let together = home();
    together.write(TRANSCRIPT, &transcript);
    together.write("telemetry/otlp.json", &telemetry);
    let scanned = together.scan("claude-code");
    let expected = merged(&[&scanned]);
    assert_eq!(scanned.outputs(), [("claude-opus-5-5", 631), ("claude-haiku-4-5", 12)]);

    for lines in 2..=4 {
        let log_first = home();
        let start: String = transcript.split_inclusive('\n').take(lines).collect();
        log_first.write(TRANSCRIPT, &start);
        let one = log_first.scan("claude-code");
        log_first.write("telemetry/otlp.json", &telemetry);
        let two = log_first.scan_again("claude-code", &one.state);
        log_first.grow(TRANSCRIPT, transcript.as_bytes());
        let three = log_first.scan_again("claude-code", &two.state);
        assert_eq!(merged(&[&one, &two, &three]), expected, "{lines} lines of the log first");
    }

    let telemetry_first = home();
    telemetry_first.write("telemetry/otlp.json", &telemetry);
    let end = datetime!(2026-11-30 11:02 UTC);
    let one = telemetry_first.scan_at("claude-code", &State::default(), end);
    assert!(one.records.is_empty(), "the log may follow: {:?}", one.records);
    telemetry_first.write(TRANSCRIPT, &transcript);
    let two = telemetry_first.scan_at("claude-code", &one.state, end);
    let three = telemetry_first.scan_again("claude-code", &two.state);
    assert_eq!((two.outputs(), three.outputs().len()), (vec![("claude-opus-5-5", 631)], 1));
    assert_eq!(merged(&[&one, &two, &three]), expected);
}

#[test]
fn call_that_is_in_no_log_waits_for_it_and_is_returned_once() {
    let (_, telemetry) = gateway();
    let home = home();
    home.write("telemetry/otlp.json", telemetry);
    let one = home.scan_at("claude-code", &State::default(), datetime!(2026-11-30 11:02 UTC));
    let two = home.scan_at("claude-code", &one.state, datetime!(2026-11-30 11:10:59 UTC));
    let three = home.scan_at("claude-code", &two.state, datetime!(2026-11-30 11:12 UTC));
    let four = home.scan_again("claude-code", &three.state);
    assert_eq!([&one, &two, &three, &four].map(|scan| scan.records.len()), [0, 1, 1, 0]);
    assert_eq!(three.one().tokens.input, 350);
    assert_eq!(two.one().id, "creq-1");
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
fn file_that_is_rotated_or_compressed_returns_nothing_again() {
    let home = home();
    home.write("telemetry/otlp.json", CLAUDE);
    let one = home.scan("claude-code");
    fs::rename(home.path("telemetry/otlp.json"), home.path("telemetry/otlp-2026-11-30.json")).unwrap();
    home.write("telemetry/otlp.json", "");
    let two = home.scan_again("claude-code", &one.state);
    assert!(two.records.is_empty());
    home.write("telemetry/otlp-2026-11-30.json.gz", gzip(CLAUDE.as_bytes()));
    let three = home.scan_again("claude-code", &two.state);
    assert_eq!((three.records.len(), three.report.files_read), (0, 0), "the plain file is there");
    fs::remove_file(home.path("telemetry/otlp-2026-11-30.json")).unwrap();
    let four = home.scan_again("claude-code", &three.state);
    assert_eq!((four.records.len(), four.report.files_read), (0, 1));
}
