//! Small syncs, as clients send all day: many accounts with a history, each with a few new messages at a time.

mod statements;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::environment::{Environment, RunLocation, database, settle};
use crate::http::{Connection, post};
use crate::messages::{mix, now, run_number, small_body};
use crate::pgbench::{self, PgbenchResult};
use crate::reads::community::{Community, token};
use crate::report::{Table, ms, percentile, thousands, verdict};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    #[command(flatten)]
    community: Community,
    /// Concurrent connections
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The number of rounds
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// Syncs of 1 to 20 new messages of random accounts.
struct Trickle {
    /// The time of each sync.
    times: Vec<Duration>,
    /// The time of all syncs together.
    took: Duration,
}

/// Measures small syncs, and prints a row for each round.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let environment = Environment::start(&args.place).await?;
    let client = database(environment.database_url()).await?;
    let rows = args.community.seed(&client).await?;
    environment.work(&client).await?;
    settle(&client).await?;
    println!("{} accounts, {} messages, {} connections", args.community.people, rows.messages, args.connections);
    let time = Duration::from_secs(args.seconds);
    let address = Arc::new(environment.server()?.address.clone());
    // Once unmeasured, so that the first sync of each account today, which is dearer, is behind most accounts.
    trickle(&address, args, 0, time).await?;
    let head =
        ["round", "syncs/s", "p50", "p99", "pgbench, transactions/s (p50, p99)", "ratio", "≥ 0.5", "p99 ≤ 8 × p50"];
    let table = Table::begin(&head);
    for round in 1..=args.rounds {
        let mut syncs = trickle(&address, args, round, time).await?;
        let script = statements::script(args.community.people);
        let mut best = pgbench::run(&environment, &script, args.connections, time).await?;
        row(&table, round, &mut syncs, &mut best);
    }
    Ok(())
}

fn row(table: &Table, round: u32, syncs: &mut Trickle, best: &mut PgbenchResult) {
    let rate = crate::report::rate(u32::try_from(syncs.times.len()).unwrap_or(u32::MAX), syncs.took);
    let [p50, p99] = [50, 99].map(|percent| ms(percentile(&mut syncs.times, percent)));
    let [best_p50, best_p99] = [50, 99].map(|percent| ms(percentile(&mut best.times, percent)));
    let ratio = rate / best.rate;
    table.row(&[
        round.to_string(),
        thousands(rate),
        format!("{p50:.2} ms"),
        format!("{p99:.2} ms"),
        format!("{} ({best_p50:.2} ms, {best_p99:.2} ms)", thousands(best.rate)),
        format!("**{ratio:.2}**"),
        verdict(ratio >= 0.5),
        verdict(p99 <= 8.0 * p50),
    ]);
}

/// Sends small syncs over all connections for the time `time`.
async fn trickle(address: &Arc<String>, args: &Args, round: u32, time: Duration) -> Result<Trickle> {
    let begin = Instant::now();
    let mut running = JoinSet::new();
    for sender in 0..args.connections {
        let seed = (run_number() << 16) ^ (u64::from(round) << 8) ^ u64::from(sender);
        running.spawn(sync_until(begin + time, Arc::clone(address), seed, args.community.people));
    }
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done??);
    }
    Ok(Trickle { times, took: begin.elapsed() })
}

async fn sync_until(end: Instant, address: Arc<String>, seed: u64, people: u32) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(&address).await?;
    let mut times = Vec::new();
    for n in 0.. {
        let random = mix(seed.rotate_left(32) ^ n);
        let person = 1 + u32::try_from(random % u64::from(people)).unwrap_or(0);
        let request = post("/api/v1/sync", Some(&token(person)), small_body(random, now()))?;
        let begin = Instant::now();
        if begin >= end {
            break;
        }
        connection.send(&request).await?.success()?;
        times.push(begin.elapsed());
    }
    Ok(times)
}
