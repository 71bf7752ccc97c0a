//! Measures the start of the server.

use std::time::Duration;

use anyhow::Result;

use crate::environment::{Environment, RunLocation};
use crate::report::{ms, percentile};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    /// The number of starts
    #[arg(long, default_value_t = 20)]
    times: u32,
}

/// Measures starts and prints the times.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let mut environment = Environment::start(&args.place).await?;
    let mut times = starts(&mut environment, args.times).await?;
    let [p50, most] = [50, 100].map(|percent| ms(percentile(&mut times, percent)));
    println!("from starting the process to ready, {} times: p50 {p50:.0} ms, at most {most:.0} ms", args.times);
    Ok(())
}

/// Starts the server `count` times on the migrated database; returns the times.
pub(crate) async fn starts(environment: &mut Environment, count: u32) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..count {
        times.push(environment.restart_server().await?.started_in);
    }
    Ok(times)
}
