use crate::testing::{Home, tokens};

const CLI: &str = ".kimi/sessions/5d41402a/s1";
const CLI_LINES: &str = include_str!("fixtures/cli.jsonl");
const CODE: &str = ".kimi-code/sessions/wd_1/session_1/agents/main/wire.jsonl";
const CODE_LINES: &str = include_str!("fixtures/code.jsonl");

#[test]
fn status_update_with_usage_is_a_record() {
    let home = Home::new();
    home.write(&format!("{CLI}/wire.jsonl"), CLI_LINES);
    home.write(".kimi/config.toml", "default_model = \"Kimi-K3\" # the best\n[models.x]\nmodel = \"other\"\n");
    let scanned = home.scan("kimi-cli");
    let record = scanned.one();
    assert_eq!((&*record.id, &*record.model), ("s1:chatcmpl-SYN1", "kimi-k3"));
    assert_eq!(record.tokens, tokens([1_562, 9_000, 0, 0, 463, 0]));
    assert_eq!(record.timestamp.millisecond(), 420);
}

#[test]
fn model_comes_from_the_environment_then_from_the_configuration() {
    for (toml, json, variable, expected) in [
        ("default_model = 'a'", "{\"model\":\"b\"}", "c", "c"),
        ("default_model = 'a'", "{\"model\":\"b\"}", "", "a"),
        ("[models]\ndefault_model = 'a'", "{\"model\":\"b\"}", "", "b"),
        ("", "{}", "", "unknown"),
    ] {
        let mut home = Home::new();
        home.write(&format!("{CLI}/wire.jsonl"), CLI_LINES);
        home.write(".kimi/config.toml", toml);
        home.write(".kimi/config.json", json);
        home.variable("KIMI_MODEL_NAME", variable);
        assert_eq!(&*home.scan("kimi-cli").one().model, expected);
    }
}

#[test]
fn sub_agent_has_the_session_of_its_parent() {
    let home = Home::new();
    home.write(&format!("{CLI}/subagents/coder/wire.jsonl"), CLI_LINES);
    let scanned = home.scan("kimi-cli");
    assert_eq!((&*scanned.one().id, scanned.one().agent.as_deref()), ("s1:chatcmpl-SYN1", Some("coder")));
}

#[test]
fn end_of_a_step_and_its_record_count_once() {
    let home = Home::new();
    home.write(CODE, CODE_LINES);
    let scanned = home.scan("kimi-code");
    assert_eq!(scanned.outputs(), [("k3", 463), ("k3", 8)]);
    assert_eq!(scanned.records[0].id, "session_1:main:1795161605400:1562:463:9000:0");
}

#[test]
fn record_in_a_later_scan_than_its_step_adds_nothing() {
    let home = Home::new();
    let lines: Vec<_> = CODE_LINES.split_inclusive('\n').collect();
    home.write(CODE, lines[..2].concat());
    let first = home.scan("kimi-code");
    home.append(CODE, lines[2..].concat());
    let second = home.scan_again("kimi-code", &first.state);
    assert_eq!((first.records.len(), second.outputs()), (1, vec![("k3", 8)]));
}

#[test]
fn desktop_counts_conversations_only() {
    let home = Home::new();
    let root = ".config/kimi-desktop/daimon-share/daimon/runtime/kimi-code/home/sessions/wd_1";
    home.write(&format!("{root}/conv-1/agents/main/wire.jsonl"), CODE_LINES);
    home.write(&format!("{root}/ctitle-1/agents/main/wire.jsonl"), CODE_LINES);
    assert_eq!(home.scan("kimi-work").records.len(), 2);
}
