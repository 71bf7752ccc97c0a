//! The messages of the workloads: those of an account that used three models every few minutes.

use std::fmt::Write;

use domain::usage::{
    MachineId, MessageKey, Model, ModelName, Protocol, Reading, SentMessage, Source, SyncBatch, TokenConventions,
    TokenCounts, UsageMessage,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const FIRST: OffsetDateTime = datetime!(2026-01-01 8:00 UTC);

pub(crate) const MODELS: [&str; 3] =
    ["claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001"];

fn at(number: u32) -> OffsetDateTime {
    FIRST + Duration::minutes(i64::from(number) * 7)
}

fn id(number: u32) -> String {
    format!("3286dfae-4c0b-4f70-96bb-{number:012}")
}

fn model(number: u32) -> &'static str {
    MODELS[number as usize / 4 % MODELS.len()]
}

pub(crate) fn tokens(number: u32) -> TokenCounts {
    let number = u64::from(number);
    TokenCounts {
        input: number % 2_500,
        output: 1 + number % 3_651,
        cache_write: number * 7 % 22_545,
        cache_read: number * 31 % 160_000,
        ..TokenCounts::default()
    }
}

/// The JSON body of a sync of `count` messages, as clients of protocol 2 write it.
pub(crate) fn sync_body(count: u32) -> String {
    let mut messages = String::new();
    for number in 0..count {
        let (comma, at) = (if number == 0 { "" } else { "," }, at(number));
        let TokenCounts { input, output, cache_read, cache_write, .. } = tokens(number);
        // Writing to a string cannot fail.
        let _ = write!(
            messages,
            r#"{comma}{{"id":"{}","timestamp":"{}T{:02}:{:02}:00.506Z","model":"{}","inputTokens":{input},"outputTokens":{output},"cacheCreationTokens":{cache_write},"cacheReadTokens":{cache_read},"reasoningTokens":0}}"#,
            id(number),
            at.date(),
            at.hour(),
            at.minute(),
            model(number),
        );
    }
    format!(
        r#"{{"version":"2.0.0","client":"burntop-cli","machineId":"b9a5454a","syncedAt":"2026-11-22T12:00:00.407Z","source":"claude-code","messages":[{messages}]}}"#
    )
}

/// A sync of `count` messages after parsing.
pub(crate) fn batch(count: u32) -> SyncBatch {
    let names = MODELS.map(ModelName::trusted);
    let sent = |number: u32| {
        let TokenCounts { input, output, cache_read, cache_write, .. } = tokens(number);
        SentMessage {
            id: id(number).into(),
            at: at(number),
            model: names[number as usize / 4 % MODELS.len()].clone(),
            provider: None,
            project: None,
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h: 0,
            reasoning: 0,
            is_incomplete: false,
        }
    };
    SyncBatch {
        machine: MachineId::trusted("b9a5454a"),
        source: Source::trusted("claude-code"),
        zone: None,
        protocol: Protocol::V2,
        conventions: TokenConventions::default(),
        parser_version: 0,
        handover_from: None,
        dry_run: false,
        messages: (0..count).map(sent).collect(),
        warnings: Vec::new(),
    }
}

/// `count` messages, of which each has `more` tokens of output than its first copy.
pub(crate) fn messages(count: u32, more: u64) -> Vec<UsageMessage> {
    let models = MODELS.map(|name| Model { name: ModelName::trusted(name), provider: None });
    let (source, machine) = (Source::trusted("claude-code"), MachineId::trusted("b9a5454a"));
    let message = |number: u32| UsageMessage {
        key: MessageKey::of(&id(number)),
        source: source.clone(),
        at: at(number),
        model: models[number as usize / 4 % MODELS.len()].clone(),
        machine: machine.clone(),
        tokens: {
            let tokens = tokens(number);
            TokenCounts { output: tokens.output + more, ..tokens }
        },
        reading: Reading::default(),
        project: None,
    };
    (0..count).map(message).collect()
}
