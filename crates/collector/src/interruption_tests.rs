//! A history that is read in pieces has the same records as one that is read at once, wherever it was cut.

use std::collections::BTreeMap;

use crate::testing::Home;
use crate::{Record, State};

/// The files of a history, in the order in which the tool wrote them.
type History = &'static [(&'static str, &'static str)];

const CLAUDE: History = &[
    (".claude/projects/a/5d0c.jsonl", include_str!("claude/fixtures/growing.jsonl")),
    (".claude/projects/a/5d0c/subagents/agent-a17.jsonl", include_str!("claude/fixtures/sub-agent.jsonl")),
    (".claude/projects/a/5d0c/subagents/agent-b1.jsonl", include_str!("claude/fixtures/side-question.jsonl")),
    (".claude/projects/b/6e1d.jsonl", include_str!("claude/fixtures/fork.jsonl")),
    (".claude/projects/b/advisor.jsonl", include_str!("claude/fixtures/advisor.jsonl")),
    (".claude/projects/b/ids.jsonl", include_str!("claude/fixtures/request-id.jsonl")),
    (".claude/projects/b/gateway.jsonl", include_str!("claude/fixtures/gateway-one.jsonl")),
];
const CODEX: History = &[
    (".codex/sessions/rollout-2026-11-20T09-00-00-aaaa.jsonl", include_str!("codex/fixtures/parent.jsonl")),
    (".codex/sessions/rollout-2026-11-20T09-01-00-bbbb.jsonl", include_str!("codex/fixtures/child.jsonl")),
    (".codex/sessions/rollout-2026-11-20T09-02-00-current.jsonl", include_str!("codex/fixtures/current.jsonl")),
];
const OTHERS: &[(&str, History)] = &[
    ("gemini-cli", &[(".gemini/tmp/shop/chats/one.jsonl", include_str!("gemini/fixtures/chat.jsonl"))]),
    ("qwen-code", &[(".qwen/projects/shop/chats/a1.jsonl", include_str!("qwen/fixtures/line.jsonl"))]),
    ("pi", &[(".pi/agent/sessions/shop/one.jsonl", include_str!("pi/fixtures/session.jsonl"))]),
    ("kimi-cli", &[(".kimi/sessions/5d/s1/wire.jsonl", include_str!("kimi/fixtures/cli.jsonl"))]),
    (
        "kimi-code",
        &[(".kimi-code/sessions/wd_1/session_1/agents/main/wire.jsonl", include_str!("kimi/fixtures/code.jsonl"))],
    ),
    ("grok", &[(".grok/sessions/shop/0f1e/updates.jsonl", include_str!("grok/fixtures/updates.jsonl"))]),
    ("mux", &[(".mux/sessions/ws1/chat.jsonl", include_str!("mux/fixtures/line.jsonl"))]),
    (
        "claude-code",
        &[
            (".claude/projects/-home-eve-shop/5d0c.jsonl", include_str!("claude/fixtures/growing.jsonl")),
            (
                ".claude/projects/-home-eve-shop/5d0c/subagents/agent-a17.jsonl",
                include_str!("claude/fixtures/sub-agent.jsonl"),
            ),
            ("telemetry/otlp.json", include_str!("otlp/fixtures/claude.jsonl")),
        ],
    ),
    (
        "claude-code",
        &[
            ("telemetry/otlp.json", include_str!("otlp/fixtures/claude.jsonl")),
            (".claude/projects/-home-eve-shop/5d0c.jsonl", include_str!("claude/fixtures/growing.jsonl")),
            (
                ".claude/projects/-home-eve-shop/5d0c/subagents/agent-a17.jsonl",
                include_str!("claude/fixtures/sub-agent.jsonl"),
            ),
        ],
    ),
    (
        "codex",
        &[
            ("telemetry/otlp.json", include_str!("otlp/fixtures/codex.jsonl")),
            (
                ".codex/sessions/rollout-2026-11-20T09-00-00-019a0000-0000-7000-8000-00000000aaaa.jsonl",
                include_str!("codex/fixtures/current.jsonl"),
            ),
        ],
    ),
    (
        "copilot-cli",
        &[
            (".copilot/otel/run.jsonl", include_str!("copilot/fixtures/telemetry.jsonl")),
            (".copilot/session-state/7b/events.jsonl", include_str!("copilot/fixtures/events.jsonl")),
        ],
    ),
];

/// Cuts are this far apart: a prime, so that they meet every place of a line.
const STEP: usize = 83;

/// Writes the first bytes of a history.
fn write(home: &Home, history: History, mut bytes: usize) {
    for (path, content) in history {
        let length = bytes.min(content.len());
        if length > 0 {
            home.grow(path, &content.as_bytes()[..length]);
        }
        bytes -= length;
    }
}

/// What a ledger keeps: the best copy of each record.
#[derive(Default, PartialEq, Debug)]
struct Ledger(BTreeMap<String, Record>);

impl Ledger {
    fn add(&mut self, records: Vec<Record>) {
        for record in records {
            match self.0.get_mut(&record.id) {
                Some(known) => drop(known.merge(record)),
                None => drop(self.0.insert(record.id.clone(), record)),
            }
        }
    }

    /// The model is left out: Kimi Code writes it after the counts.
    fn counts(&self) -> Vec<(&str, crate::Tokens, time::OffsetDateTime, bool)> {
        self.0.values().map(|record| (&*record.id, record.tokens, record.timestamp, record.incomplete)).collect()
    }
}

fn home() -> Home {
    let mut home = Home::new();
    let telemetry = home.path("telemetry");
    home.environment.add_extra_dirs(&format!("otlp:{}", telemetry.display()));
    home
}

fn assert_same_wherever_cut(source: &str, history: History) {
    let length = history.iter().map(|(_, content)| content.len()).sum();
    let whole = home();
    write(&whole, history, length);
    let mut expected = Ledger::default();
    expected.add(whole.scan(source).records);
    assert!(!expected.0.is_empty());
    for cut in (0..length).step_by(STEP) {
        for is_state_lost in [false, true] {
            let home = home();
            let mut ledger = Ledger::default();
            write(&home, history, cut);
            let first = home.scan(source);
            ledger.add(first.records);
            write(&home, history, length);
            let state = if is_state_lost { State::default() } else { first.state };
            ledger.add(home.scan_again(source, &state).records);
            assert_eq!(ledger.counts(), expected.counts(), "{source} cut at {cut}, state lost: {is_state_lost}");
        }
    }
}

/// A pseudo-random number that is the same in each run.
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).expect("31 bits")
}

#[test]
fn damaged_logs_cost_their_own_lines_only() {
    let all = OTHERS.iter().copied().chain([("claude-code", CLAUDE), ("codex", CODEX)]);
    let mut seed = 20_261_130;
    for (source, history) in all {
        for _ in 0..40 {
            let home = Home::new();
            for (path, content) in history {
                let mut content = content.as_bytes().to_vec();
                for _ in 0..next(&mut seed) % 8 {
                    let place = next(&mut seed) % content.len();
                    content[place] = b"\0\"{}[],:9-\\\xff\n"[next(&mut seed) % 13];
                }
                home.write(path, content);
            }
            let scanned = home.scan(source);
            assert!(scanned.records.iter().all(|record| !record.tokens.is_zero() && !record.id.is_empty()));
            assert_eq!(home.scan_again(source, &scanned.state).report.lines_read, 0, "{source}");
        }
    }
}

#[test]
fn claude_code_cut_anywhere_has_the_same_records() {
    assert_same_wherever_cut("claude-code", CLAUDE);
}

#[test]
fn codex_cut_anywhere_has_the_same_records() {
    assert_same_wherever_cut("codex", CODEX);
}

#[test]
fn other_tools_cut_anywhere_have_the_same_records() {
    for (source, history) in OTHERS {
        assert_same_wherever_cut(source, history);
    }
}
