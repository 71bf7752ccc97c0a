//! Benchmarks of scans over generated logs. `CORPUS_MB` sets the size of each tool's logs (16), `RAYON_NUM_THREADS=1` measures one core.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot write its corpus ends")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use collector::{Environment, Platform, ScanOptions, State, scan};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use time::macros::datetime;

/// Bytes of one session.
const SESSION_SIZE: usize = 4 << 20;

/// Files of a scan without changes.
const UNCHANGED_FILES: usize = 5_000;

/// Text as tools log it: with quotes and line ends, escaped.
fn text(length: usize) -> String {
    r#"fn main() {\n    println!(\"hello, {}\", name);\n}\n// "#.chars().cycle().take(length / 50 * 50).collect()
}

/// The lines of one exchange: a prompt or the result of a tool, and a response of three content blocks.
fn claude_exchange(session: usize, number: usize) -> String {
    let mut lines = String::new();
    let time = format!("2026-11-{:02}T10:{:02}:{:02}", 1 + number / 3600 % 28, number / 60 % 60, number % 60);
    let head = format!(
        r#""sessionId":"s{session}","timestamp":"{time}.250Z","isSidechain":false,"cwd":"/home/eve/shop","version":"2.1.289""#
    );
    let result = text(if number.is_multiple_of(20) { 100_000 } else { 6_000 });
    let _ = writeln!(
        lines,
        r#"{{"type":"user","uuid":"u{session}-{number}",{head},"message":{{"role":"user","content":[{{"type":"tool_result","content":"{result}"}}]}}}}"#
    );
    for (block, output) in [(0, 5), (1, 5), (2, 600 + number % 100)] {
        let content = text(1_500);
        let _ = writeln!(
            lines,
            r#"{{"type":"assistant","uuid":"a{session}-{number}-{block}",{head},"requestId":"req_{session}_{number}","message":{{"id":"msg_{session}_{number}","type":"message","role":"assistant","model":"claude-opus-5-5","stop_reason":null,"content":[{{"type":"text","text":"{content}"}}],"usage":{{"input_tokens":7,"output_tokens":{output},"cache_read_input_tokens":41200,"cache_creation_input_tokens":1800,"cache_creation":{{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":1500}},"service_tier":"standard"}}}}}}"#
        );
    }
    lines
}

fn codex_exchange(thread: usize, number: usize) -> String {
    let mut lines = String::new();
    let time = format!("2026-11-{:02}T10:{:02}:{:02}.100Z", 1 + number / 3600 % 28, number / 60 % 60, number % 60);
    if number == 0 {
        let _ = writeln!(
            lines,
            r#"{{"timestamp":"{time}","type":"session_meta","payload":{{"id":"t{thread}","cwd":"/home/eve/shop","model_provider":"openai","instructions":"{}"}}}}"#,
            text(20_000)
        );
    }
    let _ = writeln!(
        lines,
        r#"{{"timestamp":"{time}","type":"turn_context","payload":{{"turn_id":"t{thread}-{number}","cwd":"/home/eve/shop","model":"gpt-6-astra"}}}}"#
    );
    for _ in 0..4 {
        let output = text(if number.is_multiple_of(20) { 40_000 } else { 3_000 });
        let _ = writeln!(
            lines,
            r#"{{"timestamp":"{time}","type":"response_item","payload":{{"type":"function_call_output","call_id":"c","output":"{output}"}}}}"#
        );
    }
    let counts = |factor: usize| {
        format!(
            r#"{{"input_tokens":{},"cached_input_tokens":{},"output_tokens":{},"reasoning_output_tokens":0,"total_tokens":{}}}"#,
            24_434 * factor,
            21_600 * factor,
            194 * factor,
            24_628 * factor
        )
    };
    let _ = writeln!(
        lines,
        r#"{{"timestamp":"{time}","type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{},"last_token_usage":{}}},"rate_limits":null}}}}"#,
        counts(number + 1),
        counts(1)
    );
    lines
}

/// Writes sessions up to a size, and returns the bytes written.
fn write_sessions(
    size: usize,
    path: impl Fn(usize) -> String,
    home: &Path,
    exchange: fn(usize, usize) -> String,
) -> u64 {
    let mut written = 0;
    for session in 0..size.div_ceil(SESSION_SIZE) {
        let (mut lines, mut number) = (String::new(), 0);
        while lines.len() < SESSION_SIZE {
            lines += &exchange(session, number);
            number += 1;
        }
        let path = home.join(path(session));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &lines).unwrap();
        written += lines.len() as u64;
    }
    written
}

fn claude_path(session: usize) -> String {
    format!(".claude/projects/-home-eve-shop/s{session}.jsonl")
}

fn codex_path(thread: usize) -> String {
    format!(".codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-t{thread}.jsonl")
}

/// Source, path of a session, and lines of an exchange.
type Tool = (&'static str, fn(usize) -> String, fn(usize, usize) -> String);

fn logs(criterion: &mut Criterion) {
    let megabytes: usize = env::var("CORPUS_MB").ok().and_then(|size| size.parse().ok()).unwrap_or(16);
    let options = ScanOptions { now: datetime!(2026-11-30 12:00 UTC), sources: None };
    let mut group = criterion.benchmark_group("scan");
    group.sample_size(10);
    let tools: [Tool; 2] = [("claude-code", claude_path, claude_exchange), ("codex", codex_path, codex_exchange)];
    for (source, path, exchange) in tools {
        let home = TempDir::new().unwrap();
        let written = write_sessions(megabytes << 20, path, home.path(), exchange);
        let environment = Environment::new(Platform::Linux, home.path());
        group.throughput(Throughput::Bytes(written));
        group.bench_function(format!("{source}, everything"), |bencher| {
            bencher.iter(|| scan(&environment, State::default(), &options, &mut |_| {}));
        });
    }

    let home = TempDir::new().unwrap();
    for session in 0..UNCHANGED_FILES {
        let path = home.path().join(format!(".claude/projects/p{}/s{session}.jsonl", session % 50));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, claude_exchange(session, 1)).unwrap();
    }
    let environment = Environment::new(Platform::Linux, home.path());
    let state = scan(&environment, State::default(), &options, &mut |_| {}).state;
    group.throughput(Throughput::Elements(UNCHANGED_FILES as u64));
    group.bench_function("claude-code, nothing changed", |bencher| {
        bencher.iter_batched(
            || state.clone(),
            |state| scan(&environment, state, &options, &mut |_| {}),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, logs);
criterion_main!(benches);
