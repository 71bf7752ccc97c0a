//! Measures burntop against what the same machine can do at best: what docs/PERFORMANCE.md is written from.
//!
//! The load shares the machine with the server and PostgreSQL, so it is kept cheap: one thread, bodies built before
//! the clock starts, connections that stay open. All of it goes to 127.0.0.1 and ends by itself.

mod baseline;
mod compare;
mod environment;
mod export;
mod http;
mod latency;
mod memory;
mod messages;
mod numeric;
mod process;
mod reads;
mod report;
mod start;
mod sync;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures burntop. Without URLs each command starts a PostgreSQL and a server of its own, and removes them.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What plain SQL reaches: messages per second, and the time of an empty commit
    Floor(baseline::Args),
    /// What syncs reach: new messages, the same again, small ones, memory
    Sync(sync::Args),
    /// Syncs against the floor, in one run on one database
    Compare(compare::Args),
    /// Reads of a synthetic community against pgbench
    Reads(reads::Args),
    /// The export of one large account against a plain COPY of its messages, and the server's memory
    Export(export::Args),
    /// From starting the process to being ready
    Start(start::Args),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Floor(args) => baseline::run(&args).await,
        Command::Sync(args) => sync::run(&args).await,
        Command::Compare(args) => compare::run(&args).await,
        Command::Reads(args) => reads::run(&args).await,
        Command::Export(args) => export::run(&args).await,
        Command::Start(args) => start::run(&args).await,
    }
}
