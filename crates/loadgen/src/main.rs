//! Measures burntop against the best that the same machine can do; the source of docs/PERFORMANCE.md.
//!
//! The load shares the machine with the server and PostgreSQL, so it is cheap: one thread, bodies built before the clock starts,
//! connections that stay open. It is sent to 127.0.0.1, and each command ends by itself.

mod baseline;
mod compare;
mod environment;
mod export;
mod feed;
mod http;
mod latency;
mod memory;
mod messages;
mod pgbench;
mod process;
mod reads;
mod report;
mod servers;
mod start;
mod sync;
mod trickle;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures burntop. Each command starts a private PostgreSQL and a server, and removes them, unless it is given a URL.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the baseline of plain SQL: messages per second, and the time of an empty commit
    Baseline(baseline::Args),
    /// Measure syncs: new messages, known messages, small syncs, memory
    Sync(sync::Args),
    /// Compare syncs with the baseline, in one run on one database
    Compare(compare::Args),
    /// Compare reads of a synthetic community with pgbench
    Reads(reads::Args),
    /// Compare small syncs of many accounts with pgbench
    Trickle(trickle::Args),
    /// Measure the feed of an account that follows many others
    Feed(feed::Args),
    /// Compare the export of one large account with a plain COPY of its messages, and measure the server's memory
    Export(export::Args),
    /// Measure one or two running servers that speak the contract, over HTTP alone
    Servers(servers::Args),
    /// Measure the time from the start of the process until it is ready
    Start(start::Args),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Baseline(args) => baseline::run(&args).await,
        Command::Sync(args) => sync::run(&args).await,
        Command::Compare(args) => compare::run(&args).await,
        Command::Reads(args) => reads::run(&args).await,
        Command::Trickle(args) => trickle::run(&args).await,
        Command::Feed(args) => feed::run(&args).await,
        Command::Export(args) => export::run(&args).await,
        Command::Servers(args) => servers::run(&args).await,
        Command::Start(args) => start::run(&args).await,
    }
}
