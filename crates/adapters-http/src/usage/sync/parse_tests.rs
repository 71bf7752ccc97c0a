//! What the parser accepts, refuses and says.

use domain::usage::MAX_COUNT;
use domain::usage::{ModelName, ProjectName, Protocol, Provider};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::instants;

const MOST: usize = 250_000;

fn sample(name: &str) -> String {
    let path = format!("{}/../../tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("the sample is in the repository")
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn request(messages: Value) -> Value {
    json!({
        "version": "2.0.0", "client": "burntop-cli", "syncedAt": "2026-11-22T12:34:56.789Z", "source": "claude-code",
        "messages": messages,
    })
}

fn message() -> Value {
    json!({"id": "a", "timestamp": "2026-11-22T12:30:00.000Z", "model": "claude-sonnet-4-5"})
}

fn with(mut object: Value, changes: &[(&str, Value)]) -> Value {
    for (name, value) in changes {
        object[*name] = value.clone();
    }
    object
}

fn read(body: &Value) -> Result<SyncBatch, Problems> {
    parse(&body.to_string(), MOST)
}

/// The problems as `place type` lines.
fn problem_lines(result: Result<SyncBatch, Problems>) -> Vec<String> {
    let problems = result.expect_err("problems").to_json();
    let line = |problem: &Value| format!("{} {}", problem["loc"], problem["type"].as_str().unwrap_or_default());
    problems.as_array().expect("a list").iter().map(line).collect()
}

#[test]
fn parse_samples_of_real_client_keep_every_token() {
    for (name, messages, tokens) in [
        ("sync-claude-code.json", 229, 24_228_115),
        ("sync-codex.json", 80, 3_851_359),
        ("sync-gemini-cli.json", 60, 2_413_762),
        ("sync-opencode.json", 60, 2_314_087),
    ] {
        let batch = parse(&sample(name), MOST).expect(name);
        let total = |m: &SentMessage| m.input + m.output + m.cache_read + m.cache_write + m.reasoning;
        assert_eq!((batch.messages.len(), batch.messages.iter().map(total).sum()), (messages, tokens), "{name}");
        assert_eq!(batch.machine.as_str(), "b9a5454a");
        assert_eq!(format!("sync-{}.json", batch.source), name);
    }
}

#[test]
fn parse_message_keeps_all_counted_fields() {
    let body = with(
        request(json!([with(
            message(),
            &[
                ("model", json!("GPT-5")),
                ("provider", json!("Azure")),
                ("timestamp", json!("2026-11-22T13:30:00.1234567+01:00")),
                ("inputTokens", json!(1)),
                ("outputTokens", json!("2")),
                ("cacheReadTokens", json!(3.0)),
                ("cache_creation_tokens", json!(4)),
                ("cacheCreation1hTokens", json!(5)),
                ("reasoning_tokens", json!(6)),
                ("sessionId", json!("s")),
                ("project", json!("Shop")),
                ("serviceTier", json!("t")),
                ("reportedCostUsd", json!(0.25)),
                ("incomplete", json!(true)),
                ("unknown", json!({"deep": [1, {"x": null}]})),
            ],
        )])),
        &[
            ("version", json!("3.1.4")),
            ("machineId", json!("Mac")),
            ("source", json!("Codex")),
            ("timezone", json!("europe/berlin")),
            ("inputIncludesCached", json!(true)),
            ("reasoning_included_in_output", json!(true)),
            ("dryRun", json!(true)),
            ("parserVersion", json!(7)),
            ("handover", json!({"from": "2026-11-22T13:30:00+01:00"})),
            ("unknown", json!([])),
        ],
    );
    let batch = read(&body).expect("a batch");
    assert_eq!(batch.machine.as_str(), "Mac");
    assert_eq!(batch.source.as_str(), "codex");
    assert_eq!(batch.zone.as_ref().map(Zone::name), Some("Europe/Berlin"));
    assert_eq!(batch.conventions, TokenConventions { input_includes_cached: true, reasoning_included_in_output: true });
    assert!(batch.dry_run && batch.protocol == Protocol::V3 && batch.parser_version == 7);
    assert_eq!(batch.handover_from, Some(datetime!(2026-11-22 12:30 UTC)));
    assert_eq!(
        batch.messages,
        [SentMessage {
            id: "a".into(),
            at: datetime!(2026-11-22 12:30:00.123456 UTC),
            model: ModelName::trusted("gpt-5"),
            provider: Some(Provider::trusted("azure")),
            project: Some(ProjectName::trusted("Shop")),
            input: 1,
            output: 2,
            cache_read: 3,
            cache_write: 4,
            cache_write_1h: 5,
            reasoning: 6,
            is_incomplete: true,
        }]
    );
}

#[test]
fn parse_protocol_2_ignores_what_it_cannot_state() {
    let changes = [("parserVersion", json!(7)), ("handover", json!({"from": "2026-11-22T13:30:00Z"}))];
    for (version, expected) in [
        ("2.0.0", (Protocol::V2, 0, None)),
        ("30.0", (Protocol::V2, 0, None)),
        ("3", (Protocol::V2, 0, None)),
        ("3.0.0-beta", (Protocol::V3, 7, Some(datetime!(2026-11-22 13:30 UTC)))),
    ] {
        let batch = read(&with(with(request(json!([message()])), &changes), &[("version", json!(version))]));
        let batch = batch.expect("a batch");
        assert_eq!((batch.protocol, batch.parser_version, batch.handover_from), expected, "{version}");
    }
}

#[test]
fn parse_handover_of_wrong_shape_is_a_problem_at_its_place() {
    for (handover, expected) in [
        (json!({}), r#"["body","handover","from"] missing"#),
        (json!({"from": null}), r#"["body","handover","from"] string_type"#),
        (json!({"from": "yesterday"}), r#"["body","handover","from"] datetime_parsing"#),
        (json!("2026-11-22T12:00:00Z"), r#"["body","handover"] value_error"#),
        (json!([]), r#"["body","handover"] value_error"#),
        (json!(null), r#"["body","handover"] value_error"#),
    ] {
        let body = with(request(json!([message()])), &[("handover", handover)]);
        assert_eq!(problem_lines(read(&body)), [expected]);
    }
}

#[test]
fn parse_large_count_with_zero_fraction_is_exact() {
    for count in [1, 4_503_599_627_370_497, 1_858_463_721_964_781, 8_999_999_999_999_999, MAX_COUNT] {
        let body = request(json!([with(message(), &[("inputTokens", json!("COUNT"))])])).to_string();
        let batch = parse(&body.replace("\"COUNT\"", &format!("{count}.0")), MOST).expect("a count");
        assert_eq!(batch.messages[0].input, count);
    }
}

#[test]
fn parse_absent_field_has_its_default() {
    let batch = read(&request(json!([message()]))).expect("a batch");
    assert_eq!((batch.machine.as_str(), batch.zone, batch.dry_run), ("default", None, false));
    assert_eq!(batch.conventions, TokenConventions::default());
    let first = &batch.messages[0];
    assert_eq!((first.input, first.output, first.cache_read, first.cache_write, first.reasoning), (0, 0, 0, 0, 0));
    assert_eq!((first.cache_write_1h, first.provider.as_ref()), (0, None));
}

#[test]
fn parse_implausible_values_are_left_to_the_domain() {
    let body = request(json!([with(
        message(),
        &[
            ("timestamp", json!("1999-01-01T00:00:00Z")),
            ("cacheReadTokens", json!(9)),
            ("cacheCreation1hTokens", json!(9))
        ],
    )]));
    assert!(read(&with(body, &[("inputIncludesCached", json!(true))])).is_ok());
}

#[test]
fn parse_missing_field_is_reported_by_camel_case_name() {
    assert_eq!(
        problem_lines(parse("{}", MOST)),
        [
            r#"["body","version"] missing"#,
            r#"["body","client"] missing"#,
            r#"["body","syncedAt"] missing"#,
            r#"["body","source"] missing"#,
            r#"["body","messages"] missing"#,
        ]
    );
    assert_eq!(
        problem_lines(read(&request(json!([{}])))),
        [
            r#"["body","messages",0,"id"] missing"#,
            r#"["body","messages",0,"timestamp"] missing"#,
            r#"["body","messages",0,"model"] missing"#,
        ]
    );
}

#[test]
fn parse_wrong_value_is_reported_by_the_sent_name() {
    let wrong = with(
        message(),
        &[
            ("id", json!("")),
            ("timestamp", json!("yesterday")),
            ("model", json!("x".repeat(201))),
            ("inputTokens", json!(-1)),
            ("output_tokens", json!(MAX_COUNT + 1)),
            ("cacheReadTokens", json!(null)),
            ("cache_creation_tokens", json!("many")),
            ("reasoningTokens", json!(1.5)),
        ],
    );
    let body = with(
        request(json!([message(), wrong, 7, null])),
        &[
            ("machine_id", json!("")),
            ("source", json!("s".repeat(51))),
            ("synced_at", json!(1_763_814_896)),
            ("dryRun", json!("yes")),
            ("client", json!(null)),
        ],
    );
    assert_eq!(
        problem_lines(read(&body)),
        [
            r#"["body","client"] string_type"#,
            r#"["body","machine_id"] string_too_short"#,
            r#"["body","synced_at"] string_type"#,
            r#"["body","source"] string_too_long"#,
            r#"["body","dryRun"] value_error"#,
            r#"["body","messages",1,"id"] string_too_short"#,
            r#"["body","messages",1,"timestamp"] datetime_parsing"#,
            r#"["body","messages",1,"model"] string_too_long"#,
            r#"["body","messages",1,"inputTokens"] greater_than_equal"#,
            r#"["body","messages",1,"output_tokens"] less_than_equal"#,
            r#"["body","messages",1,"cache_creation_tokens"] int_parsing"#,
            r#"["body","messages",1,"cacheReadTokens"] int_type"#,
            r#"["body","messages",1,"reasoningTokens"] int_type"#,
            r#"["body","messages",2] value_error"#,
            r#"["body","messages",3] value_error"#,
        ]
    );
}

#[test]
fn parse_unreadable_auxiliary_field_is_ignored_with_a_warning() {
    let wrong = [
        json!("Etc/Unknown"),
        json!(""),
        json!("Europe/Berlin\u{0}"),
        json!("x".repeat(10_000)),
        json!(7),
        json!(-1.5),
        json!(true),
        json!([1]),
        json!({"a": [2]}),
    ];
    for value in wrong {
        let batch = read(&with(request(json!([message()])), &[("timezone", value.clone())])).expect("a batch");
        assert_eq!((batch.zone, batch.messages.len()), (None, 1), "{value}");
        let warned: Vec<_> = batch.warnings.iter().map(|warning| (warning.code, warning.field.as_str())).collect();
        assert_eq!(warned, [("field_ignored", "timezone")], "{value}");
    }
    for name in ["provider", "project", "sessionId", "session_id", "serviceTier", "reportedCostUsd"] {
        for value in [json!("\u{0}"), json!([]), json!({}), json!(true), json!("x".repeat(201))] {
            let bad = with(message(), &[(name, value.clone())]);
            let batch = read(&request(json!([message(), bad, bad]))).expect("a batch");
            assert_eq!(batch.messages.len(), 3, "{name} {value}");
            let [warning] = batch.warnings.as_slice() else { panic!("{name} {value}: {:?}", batch.warnings) };
            assert_eq!(warning.field, format!("messages[1].{name}"), "{value}");
            assert!(warning.message.starts_with("2 messages have such a field; it was ignored: "), "{warning:?}");
        }
        let silent = with(message(), &[(name, json!(null))]);
        assert_eq!(read(&request(json!([silent]))).expect("a batch").warnings, [], "{name}");
    }
    let silent = with(request(json!([message()])), &[("timezone", json!(null))]);
    assert_eq!(read(&silent).expect("a batch").warnings, []);
}

#[test]
fn parse_message_count_is_bounded() {
    assert_eq!(problem_lines(read(&request(json!([])))), [r#"["body","messages"] too_short"#]);
    let three = request(json!([message(), message(), message()])).to_string();
    assert_eq!(parse(&three, 3).map(|batch| batch.messages.len()), Ok(3));
    assert_eq!(problem_lines(parse(&three, 2)), [r#"["body","messages"] too_long"#]);
    for wrong in [json!(null), json!({}), json!("x"), json!(1), json!(-1), json!(1.5), json!(true)] {
        assert_eq!(problem_lines(read(&request(wrong))), [r#"["body","messages"] value_error"#]);
    }
}

#[test]
fn parse_problems_end_at_100_and_store_no_message() {
    let body = request(Value::Array(vec![json!({}); 1000]));
    assert_eq!(problem_lines(read(&body)).len(), 100);
}

#[test]
fn parse_repeated_key_uses_the_last_value() {
    let text = r#"{"version": 1, "version": "2", "client": "c", "syncedAt": "2026-11-22T12:34:56Z", "source": "s",
        "messages": [7], "messages": [{"id": "a", "id": "b", "timestamp": "2026-11-22T12:30:00Z", "model": "m",
        "inputTokens": "x", "input_tokens": 5, "outputTokens": 1, "outputTokens": null, "output_tokens": 2}]}"#;
    let batch = parse(text, MOST).expect("a batch");
    assert_eq!((&*batch.messages[0].id, batch.messages[0].input, batch.messages[0].output), ("b", 5, 2));
}

#[test]
fn parse_body_that_is_no_json_object_is_refused() {
    for body in ["[]", "null", "1", "-1", "1.5", "true", "\"x\""] {
        assert_eq!(problem_lines(parse(body, MOST)), [r#"["body"] value_error"#], "{body}");
    }
    let good = request(json!([message()])).to_string();
    for body in
        ["", "{", "{]", "{\"a\":1,}", "nul", &format!("{good}x"), &good[..good.len() - 2], "{\"version\": \"\\ud800\"}"]
    {
        assert_eq!(problem_lines(parse(body, MOST)), [r#"["body"] json_invalid"#], "{body}");
    }
}

#[test]
fn parse_endless_nesting_is_skipped_without_recursion() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let good = request(json!([message()])).to_string();
    let unknown = format!("{{\"x\": {deep}, {}", &good[1..]);
    assert!(parse(&unknown, MOST).is_ok());
    let known = format!("{}, \"client\": {deep}}}", &good[..good.len() - 1]);
    assert_eq!(problem_lines(parse(&known, MOST)), [r#"["body","client"] string_type"#]);
    let message = format!("{}, \"messages\": {deep}}}", &good[..good.len() - 1]);
    assert_eq!(problem_lines(parse(&message, MOST)), [r#"["body","messages",0] value_error"#]);
}

#[test]
fn parse_repeated_names_share_memory() {
    let batch = read(&request(json!([message(), message()]))).expect("a batch");
    assert!(std::ptr::eq(batch.messages[0].model.as_str(), batch.messages[1].model.as_str()));
    let in_shop = with(message(), &[("project", json!("shop"))]);
    let batch = read(&request(json!([in_shop, in_shop]))).expect("a batch");
    let project = |n: usize| batch.messages[n].project.as_ref().expect("a project").as_str();
    assert!(std::ptr::eq(project(0), project(1)));
}

fn any_message() -> impl Strategy<Value = SentMessage> {
    let count = || prop_oneof![0..2000_u64, 0..=MAX_COUNT];
    let text = |longest| proptest::string::string_regex(&format!("[^\\x00]{{1,{longest}}}")).expect("a pattern");
    let at = (0..4_000_000_000_i64, 0..1_000_000_i64);
    let name = |longest| text(longest).prop_filter("a name", |text| ModelName::parse(text).is_some());
    let counts = [count(), count(), count(), count(), count(), count()];
    let optional = |longest| proptest::option::of(name(longest));
    (text(200), at, name(40), (optional(20), optional(20)), counts, any::<bool>()).prop_map(
        |(
            id,
            (second, micro),
            model,
            (provider, project),
            [input, output, cache_read, cache_write, cache_write_1h, reasoning],
            is_incomplete,
        )| SentMessage {
            id: id.into(),
            at: OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(second) + time::Duration::microseconds(micro),
            model: ModelName::parse(&model).expect("a name"),
            provider: provider.map(|name| Provider::parse(&name).expect("a name")),
            project: project.map(|name| ProjectName::parse(&name).expect("a name")),
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
            reasoning,
            is_incomplete,
        },
    )
}

fn any_batch() -> impl Strategy<Value = SyncBatch> {
    let zone = proptest::option::of(proptest::sample::select(vec!["UTC", "Europe/Berlin", "Asia/Kathmandu"]));
    let messages = proptest::collection::vec(any_message(), 1..8);
    let name = || "[^\\x00]{1,50}".prop_filter("a name", |text| Source::parse(text).is_some());
    let parser = 0..=Reading::LATEST_PARSER;
    let handover = proptest::option::of(0..4_000_000_000_i64);
    let parts = (name(), name(), zone, any::<[bool; 4]>(), parser, handover, messages);
    parts.prop_map(|(machine, source, zone, flags, parser_version, handover, messages)| SyncBatch {
        machine: MachineId::parse(&machine).expect("a name"),
        source: Source::parse(&source).expect("a name"),
        zone: zone.and_then(Zone::parse),
        conventions: TokenConventions { input_includes_cached: flags[0], reasoning_included_in_output: flags[1] },
        protocol: if flags[3] { Protocol::V3 } else { Protocol::V2 },
        parser_version: if flags[3] { parser_version } else { 0 },
        handover_from: handover
            .filter(|_| flags[3])
            .map(|second| OffsetDateTime::from_unix_timestamp(second).expect("an instant")),
        dry_run: flags[2],
        messages,
        warnings: Vec::new(),
    })
}

/// The body that says what the batch says.
fn written(batch: &SyncBatch) -> Value {
    let message = |m: &SentMessage| {
        let mut object = json!({
            "id": m.id, "timestamp": instants::format(m.at), "model": m.model.as_str(), "inputTokens": m.input,
            "outputTokens": m.output, "cacheReadTokens": m.cache_read, "cacheCreationTokens": m.cache_write,
            "cacheCreation1hTokens": m.cache_write_1h, "reasoningTokens": m.reasoning, "incomplete": m.is_incomplete,
        });
        if let Some(provider) = &m.provider {
            object["provider"] = json!(provider.as_str());
        }
        if let Some(project) = &m.project {
            object["project"] = json!(project.as_str());
        }
        object
    };
    let mut body = json!({
        "version": format!("{}.0.0", batch.protocol.number()), "client": "test", "syncedAt": "2026-11-22T12:34:56Z",
        "source": batch.source.as_str(), "machineId": batch.machine.as_str(), "inputIncludesCached": batch.conventions.input_includes_cached,
        "reasoningIncludedInOutput": batch.conventions.reasoning_included_in_output, "dryRun": batch.dry_run,
        "parserVersion": batch.parser_version,
        "messages": batch.messages.iter().map(message).collect::<Vec<_>>(),
    });
    if let Some(zone) = &batch.zone {
        body["timezone"] = json!(zone.name());
    }
    if let Some(from) = batch.handover_from {
        body["handover"] = json!({"from": instants::format(from), "unknown": []});
    }
    body
}

proptest! {
    #[test]
    fn parse_written_batch_is_equal(batch in any_batch()) {
        prop_assert_eq!(read(&written(&batch)), Ok(batch));
    }

    #[test]
    fn parse_any_text_does_not_panic(text in ".{0,200}") {
        let _ = parse(&text, 3);
    }

    #[test]
    fn parse_damaged_body_does_not_panic(
        batch in any_batch(), at in any::<prop::sample::Index>(), length in 0..20_usize, patch in "[\\[\\]{}\",:0-9a-z\\\\.e-]{0,8}"
    ) {
        let mut body: Vec<char> = written(&batch).to_string().chars().collect();
        let start = at.index(body.len());
        let end = (start + length).min(body.len());
        body.splice(start..end, patch.chars());
        let _ = parse(&body.into_iter().collect::<String>(), 5);
    }
}
