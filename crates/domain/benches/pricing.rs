//! Benchmarks of pricing: single messages, and a batch whose models are resolved once.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::money::Usd;
use domain::pricing::{PriceBook, PricedModel};
use domain::usage::{ModelName, TokenCounts};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const START: OffsetDateTime = datetime!(2025-01-01 0:00 UTC);
const BATCH: u32 = 5_000;
const MODELS: [&str; 5] = [
    "claude-sonnet-4-5-20250929",
    "claude-4.5-opus-high-thinking",
    "gpt-5.2-codex",
    "gemini-3-pro-preview",
    "not-a-model",
];

fn tokens(number: u32) -> TokenCounts {
    let number = u64::from(number);
    TokenCounts {
        input: 1_000 + number,
        output: 500 + number % 700,
        cache_read: number * 97 % 300_000,
        cache_write: number * 31 % 40_000,
        cache_write_1h: number % 2 * (number * 31 % 40_000),
        reasoning: number % 900,
        reasoning_in_output: false,
    }
}

fn at(number: u32) -> OffsetDateTime {
    START + Duration::hours(i64::from(number) * 3)
}

fn pricing(criterion: &mut Criterion) {
    let book = PriceBook::shipped();
    let mut group = criterion.benchmark_group("pricing");

    group.throughput(Throughput::Elements(1));
    let model = book.find(&ModelName::trusted(MODELS[0]), None);
    group.bench_function("cost of one message", |bencher| {
        let (tokens, at) = (tokens(4_321), at(4_321));
        bencher.iter(|| model.as_ref().map(|model| model.cost(black_box(&tokens), black_box(at))));
    });
    for name in MODELS {
        let model = ModelName::trusted(name);
        group.bench_function(format!("find {name}"), |bencher| bencher.iter(|| book.find(black_box(&model), None)));
    }

    group.throughput(Throughput::Elements(u64::from(BATCH)));
    let models: Vec<ModelName> = MODELS.into_iter().map(ModelName::trusted).collect();
    let messages: Vec<_> =
        (0..BATCH).map(|number| (models[number as usize % models.len()].clone(), tokens(number), at(number))).collect();
    group.bench_function("resolve and price a batch of 5,000", |bencher| {
        bencher.iter(|| {
            let mut known: HashMap<&ModelName, Option<PricedModel<'_>>> = HashMap::new();
            let costs = messages.iter().filter_map(|(model, tokens, at)| {
                let found = known.entry(model).or_insert_with(|| book.find(model, None));
                found.as_ref()?.cost(tokens, *at).amount()
            });
            costs.sum::<Usd>()
        });
    });
    group.finish();

    criterion.bench_function("read the shipped book", |bencher| bencher.iter(|| PriceBook::shipped_with(Vec::new())));
}

criterion_group!(benches, pricing);
criterion_main!(benches);
