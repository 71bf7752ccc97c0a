use std::fs;

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use time::macros::datetime;

use crate::fingerprint::fp1;
use crate::testing::{Home, Scanned, tokens};

const SOURCE: &str = "codex";
const DAY: &str = ".codex/sessions/2026/11/20";

/// The path of a thread's file.
fn path(thread: &str) -> String {
    format!("{DAY}/rollout-2026-11-20T09-00-00-{thread}.jsonl")
}

/// A line that is written in the given second after nine o'clock.
fn line(second: u32, kind: &str, payload: &str) -> String {
    let (minute, second) = (second / 60, second % 60);
    format!(
        "{{\"timestamp\":\"2026-11-20T09:{minute:02}:{second:02}.000Z\",\"type\":\"{kind}\",\"payload\":{payload}}}\n"
    )
}

fn numbered(ordinal: u32, line: &str) -> String {
    line.replace("Z\",\"type\"", &format!("Z\",\"ordinal\":{ordinal},\"type\""))
}

fn meta(second: u32, thread: &str, more: &str) -> String {
    line(
        second,
        "session_meta",
        &format!("{{\"id\":\"{thread}\",\"cwd\":\"/home/eve/shop\",\"model_provider\":\"openai\"{more}}}"),
    )
}

fn turn(second: u32, id: &str, model: &str) -> String {
    line(second, "turn_context", &format!("{{\"turn_id\":\"{id}\",\"model\":\"{model}\"}}"))
}

/// Counts of input, cached input and output.
fn usage([input, cached, output]: [u64; 3]) -> String {
    let total = input + output;
    format!(
        "{{\"input_tokens\":{input},\"cached_input_tokens\":{cached},\"output_tokens\":{output},\"reasoning_output_tokens\":0,\"total_tokens\":{total}}}"
    )
}

fn counter(second: u32, total: [u64; 3], last: [u64; 3]) -> String {
    counter_of(second, &usage(total), &usage(last))
}

fn counter_of(second: u32, total: &str, last: &str) -> String {
    let info = format!("{{\"total_token_usage\":{total},\"last_token_usage\":{last}}}");
    line(second, "event_msg", &format!("{{\"type\":\"token_count\",\"info\":{info},\"rate_limits\":null}}"))
}

fn record(second: u32, thread: &str, turn: &str, counts: [u64; 3]) -> String {
    let usage = usage(counts);
    line(
        second,
        "token_usage_record",
        &format!("{{\"thread_id\":\"{thread}\",\"turn_id\":\"{turn}\",\"usage\":{usage}}}"),
    )
}

fn id(thread: &str, [input, cached, output]: [u64; 3]) -> String {
    fp1(SOURCE, thread, &[input, cached, output, 0])
}

/// The ids of responses that a test expects, sorted.
fn ids(expected: &[(&str, [u64; 3])]) -> Vec<String> {
    let mut ids: Vec<_> = expected.iter().map(|(thread, counts)| id(thread, *counts)).collect();
    ids.sort();
    ids
}

fn sorted(scanned: &Scanned) -> Vec<String> {
    let mut ids: Vec<_> = scanned.records.iter().map(|record| record.id.clone()).collect();
    ids.sort();
    ids
}

fn scan_of(lines: &[String]) -> Scanned {
    let home = Home::new();
    home.write(&path("aaaa"), lines.concat());
    home.scan(SOURCE)
}

#[test]
fn record_and_counter_of_a_response_are_one() {
    let home = Home::new();
    home.write(&path("019a0000-0000-7000-8000-00000000aaaa"), include_str!("fixtures/current.jsonl"));
    let scanned = home.scan(SOURCE);
    let found = scanned.one();
    assert_eq!(found.tokens, tokens([1_634, 21_600, 1_200, 0, 194, 47]));
    assert_eq!(found.id, fp1(SOURCE, "019a0000-0000-7000-8000-00000000aaaa", &[24_434, 21_600, 194, 47]));
    assert_eq!(found.timestamp, datetime!(2026-11-20 09:00:09 UTC));
    assert_eq!(
        (&*found.model, found.provider.as_deref(), found.project.as_deref()),
        ("gpt-6-astra", Some("openai"), Some("shop"))
    );
    assert_eq!((scanned.report.problem_count, scanned.report.copies_merged), (0, 0));
}

/// Name, lines and the responses that they make.
type Case = (&'static str, Vec<String>, Vec<[u64; 3]>);

#[test]
fn counters_emit_what_each_response_added() {
    let a = [[100, 0, 10], [300, 50, 20], [450, 60, 25]];
    let last = [[100, 0, 10], [200, 50, 10], [150, 10, 5]];
    let context_full = format!("{{\"input_tokens\":0,\"output_tokens\":0,\"total_tokens\":{}}}", 272_000);
    let estimate = "{\"input_tokens\":0,\"cached_input_tokens\":0,\"output_tokens\":0,\"total_tokens\":9000}";
    let null =
        line(3, "event_msg", "{\"type\":\"token_count\",\"info\":null,\"rate_limits\":{\"limit_id\":\"codex\"}}");
    let no_last = |total: [u64; 3]| counter_of(7, &usage(total), "null");
    let cases: [Case; 9] = [
        (
            "same total with another last",
            vec![counter(2, a[0], last[0]), counter(3, a[0], last[1])],
            last[..1].to_vec(),
        ),
        (
            "three responses",
            vec![counter(2, a[0], last[0]), counter(3, a[1], last[1]), counter(4, a[2], last[2])],
            last.to_vec(),
        ),
        (
            "repeated with rate limits",
            vec![
                counter(2, a[0], last[0]),
                counter(3, a[0], last[0]),
                counter(4, a[1], last[1]),
                counter(5, a[1], last[1]),
            ],
            last[..2].to_vec(),
        ),
        ("info null", vec![null.clone(), counter(4, a[0], last[0]), null], last[..1].to_vec()),
        (
            "context full",
            vec![counter(2, a[0], last[0]), counter_of(3, &context_full, &context_full), counter(4, last[1], last[1])],
            last[..2].to_vec(),
        ),
        (
            "compaction estimate",
            vec![
                counter(2, a[0], last[0]),
                counter_of(3, &usage(a[0]).replace("110}", "9110}"), estimate),
                counter(4, a[1], last[1]),
            ],
            last[..2].to_vec(),
        ),
        (
            "counters fall",
            vec![counter(2, [300_000, 0, 10], [100, 0, 10]), counter(3, [250_000, 0, 20], [10_000, 0, 10])],
            vec![[100, 0, 10], [10_000, 0, 10]],
        ),
        (
            "stale total out of order",
            vec![
                counter(2, a[0], last[0]),
                counter(3, a[1], last[1]),
                counter(4, a[0], last[0]),
                counter(5, a[2], last[2]),
            ],
            last.to_vec(),
        ),
        (
            "no last response",
            vec![no_last(a[0]), no_last(a[1]), no_last(a[1]), no_last([10, 0, 1]), no_last([30, 0, 2])],
            vec![last[0], last[1], [20, 0, 1]],
        ),
    ];
    for (name, counters, expected) in cases {
        let lines = [vec![meta(0, "aaaa", ""), turn(1, "t1", "gpt-6")], counters].concat();
        let expected: Vec<_> = expected.into_iter().map(|counts| ("aaaa", counts)).collect();
        assert_eq!(sorted(&scan_of(&lines)), ids(&expected), "{name}");
    }
}

#[test]
fn thread_upgraded_halfway_counts_each_response_once() {
    let scanned = scan_of(&[
        meta(0, "aaaa", ""),
        turn(1, "t1", "gpt-6"),
        counter(2, [100, 0, 10], [100, 0, 10]),
        record(3, "aaaa", "t1", [200, 50, 10]),
        counter(3, [300, 50, 20], [200, 50, 10]),
        record(4, "aaaa", "t1", [150, 10, 5]),
        counter(4, [450, 60, 25], [150, 10, 5]),
        counter(5, [450, 60, 25], [150, 10, 5]),
    ]);
    assert_eq!(sorted(&scanned), ids(&[("aaaa", [100, 0, 10]), ("aaaa", [200, 50, 10]), ("aaaa", [150, 10, 5])]));
}

#[test]
fn model_is_that_of_the_turn() {
    let scanned = scan_of(&[
        meta(0, "aaaa", ",\"model\":\"GPT-6-Nova\""),
        counter(1, [1, 0, 1], [1, 0, 1]),
        turn(2, "t1", "gpt-6-astra"),
        counter(3, [3, 0, 3], [2, 0, 2]),
        turn(4, "t1", "gpt-6-mini"),
        counter(5, [6, 0, 6], [3, 0, 3]),
        turn(6, "t2", "codex-auto-review"),
        record(7, "aaaa", "t1", [4, 0, 4]),
        record(8, "aaaa", "t2", [5, 0, 5]),
    ]);
    let expected =
        [("gpt-6-nova", 1), ("gpt-6-astra", 2), ("gpt-6-mini", 3), ("gpt-6-mini", 4), ("codex-auto-review", 5)];
    assert_eq!(scanned.outputs(), expected);
}

#[test]
fn priority_tier_applies_until_it_is_switched_off() {
    let tier = |second, tier: &str| {
        line(
            second,
            "event_msg",
            &format!("{{\"type\":\"thread_settings_applied\",\"thread_settings\":{{\"service_tier\":{tier}}}}}"),
        )
    };
    let scanned = scan_of(&[
        meta(0, "aaaa", ""),
        turn(1, "t1", "gpt-6"),
        counter(2, [1, 0, 1], [1, 0, 1]),
        tier(3, "\"priority\""),
        counter(4, [3, 0, 3], [2, 0, 2]),
        tier(5, "null"),
        counter(6, [6, 0, 6], [3, 0, 3]),
    ]);
    let tiers: Vec<_> = scanned.records.iter().map(|record| record.service_tier.as_deref()).collect();
    assert_eq!(tiers, [None, Some("priority"), None]);
}

/// A thread with two responses.
fn parent() -> Vec<String> {
    vec![
        meta(0, "aaaa", ""),
        turn(1, "t1", "gpt-6"),
        counter(2, [100, 0, 10], [100, 0, 10]),
        turn(3, "t2", "gpt-6"),
        counter(4, [300, 50, 20], [200, 50, 10]),
    ]
}

/// A child that begins with copies of both responses, re-stamped, and has one of its own.
fn child(thread: &str) -> Vec<String> {
    vec![
        meta(60, thread, ",\"forked_from_id\":\"aaaa\""),
        meta(60, "aaaa", ""),
        turn(60, "t1", "gpt-6"),
        counter(60, [100, 0, 10], [100, 0, 10]),
        turn(60, "t2", "gpt-6"),
        counter(60, [300, 50, 20], [200, 50, 10]),
        turn(61, &format!("t3-{thread}"), "gpt-6-mini"),
        counter(75, [450, 60, 25], [150, 10, 5]),
    ]
}

const FAMILY: &[(&str, [u64; 3])] = &[("aaaa", [100, 0, 10]), ("aaaa", [200, 50, 10]), ("bbbb", [150, 10, 5])];

#[test]
fn child_with_copied_counters_counts_only_its_own() {
    let archived = ".codex/archived_sessions/rollout-2026-11-20T09-00-00-aaaa.jsonl".to_owned();
    for (name, parent_path) in
        [("parent present", Some(path("aaaa"))), ("parent archived", Some(archived)), ("parent missing", None)]
    {
        let home = Home::new();
        if let Some(parent_path) = &parent_path {
            home.write(parent_path, parent().concat());
        }
        home.write(&path("bbbb"), child("bbbb").concat());
        let scanned = home.scan(SOURCE);
        assert_eq!(sorted(&scanned), ids(FAMILY), "{name}");
        let unfinished = if parent_path.is_some() { 0 } else { 2 };
        assert_eq!(scanned.report.unfinished, unfinished, "{name}");
    }
}

#[test]
fn child_whose_parent_comes_back_is_counted_the_same() {
    let home = Home::new();
    home.write(&path("bbbb"), child("bbbb").concat());
    let first = home.scan(SOURCE);
    home.write(&path("aaaa"), parent().concat());
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(sorted(&second), ids(&FAMILY[..2]), "the parent's own lines are complete");
    assert!(second.records.iter().all(|record| first.records.iter().any(|known| record.supersedes(known))));
}

#[test]
fn child_of_a_compressed_parent_counts_only_its_own() {
    let home = Home::new();
    home.write(
        &format!("{}.zst", path("aaaa")),
        compress_to_vec(parent().concat().as_bytes(), CompressionLevel::Fastest),
    );
    home.write(&path("bbbb"), child("bbbb").concat());
    assert_eq!(sorted(&home.scan(SOURCE)), ids(FAMILY));
}

#[test]
fn siblings_and_grandchildren_with_equal_turns_count_copies_once() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    home.write(&path("bbbb"), child("bbbb").concat());
    home.write(&path("cccc"), child("cccc").concat());
    // A child of the child: its copies belong to the parent and to the child.
    let mut grandchild = vec![meta(
        90,
        "dddd",
        ",\"source\":{\"subagent\":{\"thread_spawn\":{\"parent_thread_id\":\"bbbb\",\"agent_role\":\"reviewer\"}}}",
    )];
    grandchild.extend(child("bbbb")[1..].iter().map(|line| line.replace("09:01:", "09:02:")));
    grandchild.push(turn(170, "t4", "gpt-6"));
    grandchild.push(counter(175, [500, 60, 30], [50, 0, 5]));
    home.write(&path("dddd"), grandchild.concat());
    let scanned = home.scan(SOURCE);
    let expected = [FAMILY, &[("cccc", [150, 10, 5]), ("dddd", [50, 0, 5])]].concat();
    assert_eq!(sorted(&scanned), ids(&expected));
    let agents: Vec<_> = scanned.records.iter().filter_map(|record| record.agent.as_deref()).collect();
    assert_eq!(agents, ["reviewer"]);
}

#[test]
fn child_without_turn_ids_compares_totals() {
    let without_turns =
        |lines: Vec<String>| lines.into_iter().filter(|line| !line.contains("turn_context")).collect::<Vec<_>>();
    let home = Home::new();
    home.write(&path("aaaa"), without_turns(parent()).concat());
    home.write(&path("bbbb"), without_turns(child("bbbb")).concat());
    assert_eq!(sorted(&home.scan(SOURCE)), ids(FAMILY));
}

#[test]
fn child_seen_in_the_middle_of_its_copies_counts_only_its_own() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    let lines = child("bbbb");
    home.write(&path("bbbb"), lines[..4].concat());
    let first = home.scan(SOURCE);
    home.append(&path("bbbb"), lines[4..].concat());
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(sorted(&first), ids(&FAMILY[..2]));
    assert_eq!(sorted(&second), ids(&FAMILY[2..]));
}

#[test]
fn child_rewritten_in_place_returns_nothing_new() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    home.write(&path("bbbb"), child("bbbb").concat());
    let first = home.scan(SOURCE);
    let mut lines = child("bbbb");
    lines[0] = meta(60, "bbbb", ",\"forked_from_id\":\"aaaa\",\"history_mode\":\"paginated\"");
    fs::remove_file(home.path(&path("bbbb"))).unwrap();
    home.write(&path("bbbb"), lines.concat());
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!((second.records.len(), second.report.files_read), (0, 1));
}

#[test]
fn child_with_a_boundary_begins_there() {
    let more = |boundary: u32| {
        format!(
            ",\"forked_from_id\":\"aaaa\",\"history_mode\":\"paginated\",\"subagent_history_start_ordinal\":{boundary}"
        )
    };
    for (name, boundary) in [("paginated", 7), ("migrated, boundary past the end", 99)] {
        let home = Home::new();
        home.write(&path("aaaa"), parent().concat());
        let mut lines = child("bbbb");
        lines[0] = meta(60, "bbbb", &more(boundary));
        // A record names the thread of the counter after it.
        lines.insert(7, record(75, "bbbb", "t3-bbbb", [150, 10, 5]));
        let lines: Vec<_> = (0..).zip(&lines).map(|(ordinal, line)| numbered(ordinal, line)).collect();
        home.write(&path("bbbb"), lines.concat());
        assert_eq!(sorted(&home.scan(SOURCE)), ids(FAMILY), "{name}");
    }
}

#[test]
fn own_total_of_a_thread_is_without_its_parents() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    home.write(&path("bbbb"), child("bbbb").concat());
    let fallen = [meta(0, "cccc", ""), counter(1, [50, 0, 5], [50, 0, 5]), counter(2, [20, 0, 2], [20, 0, 2])];
    home.write(&path("cccc"), fallen.concat());
    let totals = home.scan(SOURCE).report.session_totals;
    let totals: Vec<_> = totals.iter().map(|total| (&*total.session, total.tokens)).collect();
    assert_eq!(totals, [("aaaa", tokens([250, 50, 0, 0, 20, 0])), ("bbbb", tokens([140, 10, 0, 0, 5, 0]))]);
}

#[test]
fn child_with_copied_settings_of_its_parent_begins_with_its_own_turn() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    let mut lines = child("bbbb");
    let settings =
        "{\"type\":\"thread_settings_applied\",\"thread_id\":\"aaaa\",\"thread_settings\":{\"model\":\"gpt-6\"}}";
    lines.insert(2, line(60, "event_msg", settings));
    home.write(&path("bbbb"), lines.concat());
    assert_eq!(sorted(&home.scan(SOURCE)), ids(FAMILY));
}

#[test]
fn record_of_another_thread_belongs_to_its_owner() {
    let scanned = scan_of(&[
        meta(0, "aaaa", ""),
        turn(1, "t1", "gpt-6"),
        record(2, "zzzz", "t0", [100, 0, 10]),
        counter(2, [100, 0, 10], [100, 0, 10]),
        record(3, "aaaa", "t1", [200, 0, 20]),
        counter(3, [300, 0, 30], [200, 0, 20]),
    ]);
    assert_eq!(sorted(&scanned), ids(&[("zzzz", [100, 0, 10]), ("aaaa", [200, 0, 20])]));
}

#[test]
fn page_after_a_revert_adds_to_its_thread() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    home.write(
        &path("aaaa_0001"),
        [
            meta(20, "aaaa", ""),
            turn(21, "t3", "gpt-6"),
            counter(22, [300, 50, 20], [200, 50, 10]),
            counter(23, [450, 60, 25], [150, 10, 5]),
        ]
        .concat(),
    );
    assert_eq!(
        sorted(&home.scan(SOURCE)),
        ids(&[("aaaa", [100, 0, 10]), ("aaaa", [200, 50, 10]), ("aaaa", [150, 10, 5])])
    );
}

#[test]
fn archive_of_two_frames_is_read_whole() {
    let home = Home::new();
    let lines = parent();
    let (one, two) = (lines[..3].concat(), lines[3..].concat());
    let mut archive = compress_to_vec(one.as_bytes(), CompressionLevel::Fastest);
    archive.extend(compress_to_vec(two.as_bytes(), CompressionLevel::Fastest));
    home.write(&format!("{}.zst", path("aaaa")), archive);
    let scanned = home.scan(SOURCE);
    assert_eq!(sorted(&scanned), ids(&FAMILY[..2]));
    assert_eq!(home.scan_again(SOURCE, &scanned.state).report.files_read, 0);
}

#[test]
fn archive_beside_its_plain_file_is_not_read() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    home.write(&format!("{}.zst", path("aaaa")), "not an archive");
    let scanned = home.scan(SOURCE);
    assert_eq!((sorted(&scanned), scanned.report.problem_count), (ids(&FAMILY[..2]), 0));
}

#[test]
fn archive_that_replaces_its_plain_file_adds_nothing() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    let first = home.scan(SOURCE);
    fs::remove_file(home.path(&path("aaaa"))).unwrap();
    home.write(
        &format!("{}.zst", path("aaaa")),
        compress_to_vec(parent().concat().as_bytes(), CompressionLevel::Fastest),
    );
    assert_eq!(sorted(&home.scan_again(SOURCE, &first.state)), Vec::<String>::new());
}

#[test]
fn archive_damaged_is_a_problem() {
    let home = Home::new();
    let mut archive = compress_to_vec(parent().concat().as_bytes(), CompressionLevel::Fastest);
    archive.truncate(archive.len() / 2);
    home.write(&format!("{}.zst", path("aaaa")), archive);
    home.write(&path("bbbb"), [meta(0, "bbbb", ""), counter(1, [7, 0, 7], [7, 0, 7])].concat());
    let scanned = home.scan(SOURCE);
    assert_eq!((sorted(&scanned), scanned.report.problem_count), (ids(&[("bbbb", [7, 0, 7])]), 1));
}

#[test]
fn thread_that_grows_continues_with_its_model_and_total() {
    let home = Home::new();
    home.write(&path("aaaa"), parent().concat());
    let first = home.scan(SOURCE);
    home.append(
        &path("aaaa"),
        [counter(5, [300, 50, 20], [200, 50, 10]), counter(6, [450, 60, 25], [150, 10, 5])].concat(),
    );
    let second = home.scan_again(SOURCE, &first.state);
    assert_eq!(second.outputs(), [("gpt-6", 5)]);
    assert_eq!(second.report.lines_read, 2);
}

#[test]
fn more_cached_than_input_is_a_problem() {
    let scanned = scan_of(&[meta(0, "aaaa", ""), counter(1, [10, 20, 1], [10, 20, 1])]);
    assert_eq!((scanned.records.len(), scanned.report.problem_count), (0, 1));
}
