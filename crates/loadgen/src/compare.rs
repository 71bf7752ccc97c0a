//! Compares syncs with the baseline. Both figures of a ratio are from the same run.

use anyhow::Result;

use crate::baseline::rows_per_second;
use crate::environment::{Environment, RunLocation, clear, database};
use crate::latency::{self, SmallSyncTimes};
use crate::memory::{self, Memory};
use crate::report::{Table, middle, ms, percentile, thousands, verdict};
use crate::start::starts;
use crate::sync::{Load, Throughput, throughput};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    #[command(flatten)]
    load: Load,
}

/// Measured one after the other on the same database, within seconds.
struct Round {
    baseline: f64,
    large: Throughput,
    medium: Throughput,
}

/// Measures, and prints a Markdown table with the median round and, beside it, the ratios of all rounds.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let mut environment = Environment::start(&args.place).await?;
    let client = database(environment.database_url()).await?;
    let mut rounds = Vec::new();
    for _ in 0..args.load.rounds {
        let address = &environment.server()?.address;
        clear(&client).await?;
        let baseline = rows_per_second(&client, args.load.messages, args.load.connections).await?;
        clear(&client).await?;
        let large = throughput(address, &args.load, 5_000).await?;
        clear(&client).await?;
        let medium = throughput(address, &args.load, 1_000).await?;
        rounds.push(Round { baseline, large, medium });
    }
    clear(&client).await?;
    let small = latency::small(&environment.server()?.address, Some(&client), args.load.small).await?;
    let memory = memory::measure(&mut environment).await?;
    let mut times = starts(&mut environment, 10).await?;
    println!("{} messages a figure, {} connections", thousands(args.load.messages.into()), args.load.connections);
    let table = Table::begin(&["what", "measured", "against", "ratio (each round)", "target", "reached"]);
    syncs(&table, &rounds);
    latencies(&table, &small);
    memories(&table, &memory);
    let [p50, most] = [50, 100].map(|percent| ms(percentile(&mut times, percent)));
    let row = ["start".into(), format!("p50 {p50:.0} ms, at most {most:.0} ms"), "—".into(), "—".into()];
    table.row(&[&row[..], &["≤ 300 ms".into(), verdict(most <= 300.0)]].concat());
    Ok(())
}

fn syncs(table: &Table, rounds: &[Round]) {
    type Figure = fn(&Round) -> f64;
    let rows: [(&str, Figure, &str, Figure, f64); 4] = [
        ("new messages, 5,000 a request", |r| r.large.new, "baseline", |r| r.baseline, 0.6),
        ("new messages, 1,000 a request", |r| r.medium.new, "baseline", |r| r.baseline, 0.4),
        ("known messages, 5,000 a request", |r| r.large.again, "new messages", |r| r.large.new, 2.5),
        ("known messages, 1,000 a request", |r| r.medium.again, "new messages", |r| r.medium.new, 2.5),
    ];
    for (what, figure, base_name, base, target) in rows {
        let all = |of: &dyn Fn(&Round) -> f64| rounds.iter().map(of).collect::<Vec<_>>();
        let ratios = all(&|round| figure(round) / base(round));
        let shown: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        table.row(&[
            what.to_owned(),
            format!("{}/s", thousands(middle(&all(&figure)))),
            format!("{base_name}: {}/s", thousands(middle(&all(&base)))),
            format!("**{:.2}** ({})", middle(&ratios), shown.join(", ")),
            format!("≥ {target}"),
            verdict(middle(&ratios) >= target),
        ]);
    }
}

fn latencies(table: &Table, small: &SmallSyncTimes) {
    let [p50, p95, p99] = small.sync.map(ms);
    let commit = small.commit.map(ms).unwrap_or_default();
    table.row(&[
        "10 new messages, one connection".to_owned(),
        format!("p50 {p50:.2} ms, p95 {p95:.2} ms, p99 {p99:.2} ms"),
        format!("an empty commit: p50 {commit:.2} ms"),
        format!("{:.2} ms more", p50 - commit),
        "≤ 6 ms more".to_owned(),
        verdict(p50 - commit <= 6.0),
    ]);
}

fn memories(table: &Table, memory: &Memory) {
    let rows = [
        ("memory, idle", format!("{:.0} MB", memory.idle), "≤ 60 MB", memory.idle <= 60.0),
        (
            "memory, eight syncs of 50,000",
            format!(
                "{:.0} MB at most, {:.0} MB 5 s later; {:.1} s",
                memory.peak,
                memory.after,
                memory.took.as_secs_f64()
            ),
            "≤ 250 MB",
            memory.peak <= 250.0,
        ),
    ];
    for (what, figure, target, reached) in rows {
        table.row(&[what.to_owned(), figure, "—".to_owned(), "—".to_owned(), target.to_owned(), verdict(reached)]);
    }
}
