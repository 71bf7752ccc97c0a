//! Compares reads of a synthetic community with pgbench running the same statements.

pub(crate) mod community;
pub(crate) mod endpoints;
mod explain;
mod load;

use std::time::Duration;

use anyhow::Result;

use crate::environment::{Environment, RunLocation, database, settle};
use crate::pgbench::{self, PgbenchResult};
use crate::report::{Table, ms, percentile, rate, thousands, verdict};
use community::Community;
use endpoints::{ENDPOINTS, Endpoint};
use load::Reads;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    #[command(flatten)]
    community: Community,
    /// Concurrent connections
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Seconds for each endpoint
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Only the endpoints whose path contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Print the query plans of the statements
    #[arg(long)]
    explain: bool,
}

/// Measures reads and prints a Markdown table.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let environment = Environment::start(&args.place).await?;
    let client = database(environment.database_url()).await?;
    let rows = args.community.seed(&client).await?;
    let (resident, peak) = environment.work(&client).await?;
    settle(&client).await?;
    println!("the worker used {peak:.0} MB at most, {resident:.0} MB when all jobs were done");
    println!("{} accounts, {} messages, {} roll-ups", args.community.people, rows.messages, rows.rollups);
    if args.explain {
        explain::print(&client).await?;
    }
    let time = Duration::from_secs(args.seconds);
    let head = ["read", "requests/s", "p50", "p99", "pgbench, transactions/s (p50, p99)", "ratio", "target", "reached"];
    let table = Table::begin(&[&head[..], &["p99 ≤ 10 × p50"]].concat());
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.path.contains(&args.only)) {
        let address = &environment.server()?.address;
        // Once unmeasured, so that the tables are in the cache for both sides.
        load::read(address, endpoint, args, Duration::from_secs(1)).await?;
        let mut reads = load::read(address, endpoint, args, time).await?;
        let script = pgbench::script(endpoint.all_statements(), args.community.people);
        let mut best = pgbench::run(&environment, &script, args.connections, time).await?;
        row(&table, endpoint, &mut reads, &mut best);
    }
    Ok(())
}

fn row(table: &Table, endpoint: &Endpoint, reads: &mut Reads, best: &mut PgbenchResult) {
    let reached = rate(u32::try_from(reads.times.len()).unwrap_or(u32::MAX), reads.took);
    let [p50, p99] = [50, 99].map(|percent| ms(percentile(&mut reads.times, percent)));
    let ratio = reached / best.rate;
    table.row(&[
        format!("`{}`", endpoint.path),
        thousands(reached),
        format!("{p50:.2} ms"),
        format!("{p99:.2} ms"),
        format!(
            "{} ({:.2} ms, {:.2} ms)",
            thousands(best.rate),
            ms(percentile(&mut best.times, 50)),
            ms(percentile(&mut best.times, 99))
        ),
        format!("**{ratio:.2}**"),
        format!("≥ {}", endpoint.target),
        verdict(ratio >= endpoint.target),
        verdict(p99 <= 10.0 * p50),
    ]);
}
