//! How long it takes to read a sync body of 5,000 messages.

use std::fmt::Write;
use std::hint::black_box;

use adapters_http::usage::sync::parse;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const MESSAGES: usize = 5_000;

/// A body like the real client's.
fn body() -> String {
    let mut body = String::from(
        r#"{"version":"2.0.0","client":"burntop-cli","machineId":"b9a5454a","syncedAt":"2026-11-22T21:13:23.407Z","source":"claude-code","messages":["#,
    );
    for index in 0..MESSAGES {
        let comma = if index == 0 { "" } else { "," };
        let model = ["claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001"][index % 3];
        let (minute, second) = (index / 60 % 60, index % 60);
        write!(
            body,
            r#"{comma}{{"id":"3286dfae-4c0b-4f70-96bb-{index:012}","timestamp":"2026-10-16T03:{minute:02}:{second:02}.506Z","model":"{model}","inputTokens":{},"outputTokens":{},"cacheCreationTokens":{},"cacheReadTokens":{},"reasoningTokens":0}}"#,
            index % 2_500,
            index % 3_651,
            index % 22_545,
            index * 31,
        )
        .expect("a string takes everything");
    }
    body + "]}"
}

fn sync_body(criterion: &mut Criterion) {
    let body = body();
    let mut group = criterion.benchmark_group("sync body of 5,000 messages");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("parse and validate", |bench| {
        bench.iter(|| parse(black_box(&body), 250_000).map(|batch| batch.messages.len()));
    });
    group.bench_function("tree of values, for comparison", |bench| {
        bench.iter(|| serde_json::from_str::<serde_json::Value>(black_box(&body)).is_ok());
    });
    group.finish();
}

criterion_group!(benches, sync_body);
criterion_main!(benches);
