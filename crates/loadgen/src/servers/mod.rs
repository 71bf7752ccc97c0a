//! Measures servers that run already, over HTTP alone: any server that speaks the contract. With two, both are measured in one run.

mod accounts;
mod address;
mod client;
mod scenario;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::messages::LONGEST_HISTORY;
use crate::report::{Table, middle, ms, percentile, thousands};
use address::{BaseUrl, TargetServer};
use client::Measurement;
use scenario::{Scenario, Target};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The address of a server, such as `http://127.0.0.1:8000`; given twice, both are compared. A path replaces /api/v1
    #[arg(long = "base", value_name = "URL", required = true)]
    bases: Vec<BaseUrl>,
    /// A file with a session or API token in each line, one file for each --base in the same order; `-` registers accounts
    #[arg(long, value_name = "FILE")]
    tokens: Vec<PathBuf>,
    /// Accounts to register
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    accounts: u32,
    /// Messages that each account gets before the measurements
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    history: u32,
    /// Concurrent connections
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Messages in one large sync
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    batch: u32,
    /// The most new messages of a round, in large syncs
    #[arg(long, default_value_t = 20_000)]
    messages: u32,
    /// The most seconds of a scenario in a round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// The most requests of a scenario in a round
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// The number of rounds; the servers take turns in each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// The most seconds of one request, and of waiting for a rate limit before the measurements
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
    /// Only the scenarios whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Send load to servers of other machines, too
    #[arg(long)]
    allow_remote: bool,
}

impl Args {
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// The large syncs that each of `accounts` sends in a round.
    fn syncs_per_account(&self, accounts: usize) -> u32 {
        let accounts = u32::try_from(accounts).unwrap_or(u32::MAX).min(self.connections).max(1);
        (self.messages / accounts / self.batch).max(1)
    }

    fn check(&self) -> Result<()> {
        ensure!(self.bases.len() <= 2, "at most two servers can be compared: give --base once or twice");
        ensure!(self.tokens.len() <= self.bases.len(), "--tokens is given more often than --base");
        let most = self.messages.max(self.batch).saturating_mul(self.rounds).saturating_add(self.history);
        ensure!(
            most <= LONGEST_HISTORY,
            "an account has at most {LONGEST_HISTORY} messages: lower --history, or --messages or --rounds"
        );
        Ok(())
    }
}

/// Measures and prints a Markdown table.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let targets = targets(args).await?;
    let names: Vec<&str> = targets.iter().map(|target| &*target.server.name).collect();
    let table = Table::begin(&head(&names).iter().map(String::as_str).collect::<Vec<_>>());
    for scenario in scenario::all(args).filter(|scenario| scenario.name().contains(&args.only)) {
        table.row(&measure(scenario, &targets, args).await?);
    }
    println!(
        "\n—: the server does not have the route. 429: requests that a rate limit refused; they were repeated after `Retry-After`."
    );
    Ok(())
}

/// The servers, each with accounts that have a history.
async fn targets(args: &Args) -> Result<Vec<Target>> {
    args.check()?;
    let mut targets = Vec::new();
    for (place, base) in args.bases.iter().enumerate() {
        let server = TargetServer::find(base, args.allow_remote).await?;
        let tokens = args.tokens.get(place).filter(|file| file.as_os_str() != "-");
        let accounts = accounts::prepare(&server, tokens.map(PathBuf::as_path), args).await?;
        println!("{}: {} accounts, {} messages each", server.name, accounts.len(), thousands(args.history.into()));
        targets.push(Target { server, accounts: accounts.into() });
    }
    Ok(targets)
}

fn head(names: &[&str]) -> Vec<String> {
    if let [_] = names {
        return ["what", "requests/s", "p50", "p99"].map(str::to_owned).to_vec();
    }
    let servers = names.iter().map(|name| format!("{name}, requests/s (p50, p99)"));
    ["what".to_owned()].into_iter().chain(servers).chain(["first to second (each round)".to_owned()]).collect()
}

/// The row of a scenario. The servers take turns, and each is the first in every other round.
async fn measure(scenario: Scenario, targets: &[Target], args: &Args) -> Result<Vec<String>> {
    let mut results: Vec<Vec<Measurement>> = targets.iter().map(|_| Vec::new()).collect();
    for round in 0..args.rounds {
        let mut order: Vec<usize> = (0..targets.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for place in order {
            // What a server could not answer is not asked again.
            if results[place].last().is_none_or(Measurement::is_answered) {
                results[place].push(scenario.run(&targets[place], round, args).await?);
            }
        }
    }
    let mut row = vec![scenario.name()];
    if let [only] = &results[..] {
        row.extend(summary(only).cells());
        return Ok(row);
    }
    row.extend(results.iter().map(|rounds| summary(rounds).text()));
    row.push(ratio(&results));
    Ok(row)
}

/// The figures of all rounds of one server.
enum Summary {
    Figures { rate: f64, p50: Duration, p99: Duration, throttled: u32 },
    Missing,
    Failed(String),
}

fn summary(rounds: &[Measurement]) -> Summary {
    let mut times = Vec::new();
    for round in rounds {
        match round {
            Measurement::Missing => return Summary::Missing,
            Measurement::Failed(reason) => return Summary::Failed(reason.clone()),
            Measurement::Answered(requests) => times.extend(&requests.times),
        }
    }
    let rate = middle(&rounds.iter().map(Measurement::rate).collect::<Vec<_>>());
    let throttled = rounds.iter().map(Measurement::throttled).sum();
    let [p50, p99] = [50, 99].map(|percent| percentile(&mut times, percent));
    Summary::Figures { rate, p50, p99, throttled }
}

impl Summary {
    fn cells(&self) -> Vec<String> {
        match self {
            Self::Figures { rate, p50, p99, throttled } => {
                vec![rate_text(*rate, *throttled), format!("{:.2} ms", ms(*p50)), format!("{:.2} ms", ms(*p99))]
            }
            Self::Missing => vec!["—".to_owned()],
            Self::Failed(reason) => vec![format!("failed: {reason}")],
        }
    }

    fn text(&self) -> String {
        let cells = self.cells();
        match &cells[..] {
            [rate, times @ ..] if !times.is_empty() => format!("{rate} ({})", times.join(", ")),
            _ => cells.concat(),
        }
    }
}

fn rate_text(rate: f64, throttled: u32) -> String {
    // A slow server answers a few large syncs a second.
    let rate = if rate < 100.0 { format!("{rate:.1}") } else { thousands(rate) };
    if throttled == 0 { rate } else { format!("{rate} [429: {throttled}]") }
}

/// The ratio of the rates in each round, and their median; `—` where a server answers nothing or is limited by its rate limits.
fn ratio(results: &[Vec<Measurement>]) -> String {
    let [first, second] = results else { return String::new() };
    let is_comparable = |one: &Measurement| one.rate() > 0.0 && one.throttled() == 0;
    if !first.iter().chain(second).all(is_comparable) {
        return "—".to_owned();
    }
    let ratios: Vec<f64> = first.iter().zip(second).map(|(first, second)| first.rate() / second.rate()).collect();
    let shown: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    format!("**{:.2}** ({})", middle(&ratios), shown.join(", "))
}
