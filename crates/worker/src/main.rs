//! The worker program. Without a database URL it uses the embedded database that the server runs.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adapters_postgres::Database as Store;
use bootstrap::database::Database;
use bootstrap::system::{SystemClock, SystemIds};
use bootstrap::{Settings, StartupError};
use clap::{Args, Parser, Subcommand};
use domain::notifications::Inbox;
use domain::usage::{Usage, UsageError};
use domain::users::{Username, Users};
use worker::prices::Prices;
use worker::{cleanup, rebuild};

/// The burntop worker: what an operator does beside the server.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Derive everything anew that follows from facts, and say what was repaired: roll-ups, streaks, XP, achievements
    Rebuild(Rebuild),
    /// Remove what is not kept any more, and say how much: notifications read and older than 90 days, or older than a year;
    /// accounts deleted more than 30 days ago
    Cleanup,
    /// Do now, once, what is done from time to time
    #[command(subcommand)]
    RunOnce(RunOnce),
}

#[derive(Debug, Subcommand)]
enum RunOnce {
    /// Bring the price book up to date from the live table, and price messages that had no price
    Prices,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The account to rebuild
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// Rebuild every account
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
struct Rebuild {
    #[command(flatten)]
    which: Which,
    /// Go on after this username
    #[arg(long, value_name = "USERNAME", requires = "all")]
    after: Option<String>,
}

fn main() -> ExitCode {
    // What asks others over TLS finds it here; there is one already if this fails.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), StartupError> {
    let settings = Settings::load()?;
    bootstrap::telemetry::start(&settings).map_err(|error| failed("starting the log", error.to_string()))?;
    let database = Database::attach_or_open(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed("starting the runtime", error.to_string()))?;
    let done = runtime.block_on(obey(&settings, database.url(), cli.command));
    drop(runtime);
    done.and(database.stop())
}

async fn obey(settings: &Settings, url: &str, command: Command) -> Result<(), StartupError> {
    let store = bootstrap::store::open(settings, url).await?;
    let done = match command {
        Command::Rebuild(asked) => rebuild(&store, asked).await,
        Command::Cleanup => cleanup(&store).await,
        Command::RunOnce(RunOnce::Prices) => prices(settings, &store).await,
    };
    store.close();
    done
}

async fn cleanup(store: &Store) -> Result<(), StartupError> {
    let inbox = Inbox::new(Arc::new(store.clone()), Arc::new(store.clone()), Arc::new(SystemClock));
    let users = Users::new(Arc::new(store.clone()), Arc::new(SystemClock), Arc::new(SystemIds));
    cleanup::all(&inbox, &users, interrupted(), |line| println!("{line}"))
        .await
        .map_err(|error| failed("cleaning up", error.to_string()))?;
    Ok(())
}

async fn prices(settings: &Settings, store: &Store) -> Result<(), StartupError> {
    let prices = Prices::of(settings, store)?;
    let done = prices.once(interrupted(), |line| println!("{line}")).await;
    if done.map_err(|error| failed("looking after prices", error.to_string()))? {
        Ok(())
    } else {
        Err(failed("bringing prices up to date", "the last good book stays, as said above".to_owned()))
    }
}

async fn rebuild(store: &Store, asked: Rebuild) -> Result<(), StartupError> {
    // A rebuild sums costs and looks none up.
    let book = bootstrap::prices::shipped();
    let usage = Usage::new(Arc::new(store.clone()), Arc::new(SystemClock), Arc::new(SystemIds), book);
    let stopped = |error: UsageError| failed("rebuilding", error.to_string());
    let summary = match asked.which.user {
        None => rebuild::all(store, &usage, asked.after, interrupted()).await.map_err(stopped)?,
        Some(name) => {
            let unknown = || failed("rebuilding", format!("there is no account called {name}"));
            let username = Username::parse(&name).map_err(|_| unknown())?;
            rebuild::one(store, &usage, &username).await.map_err(stopped)?.ok_or_else(unknown)?
        }
    };
    println!("{} accounts, {} repaired", summary.accounts, summary.repaired);
    if let Some(after) = summary.stopped_after {
        let go_on = if after.is_empty() { String::new() } else { format!(" --after {after}") };
        eprintln!("stopped; go on with: worker rebuild --all{go_on}");
    }
    Ok(())
}

/// Whether somebody asked this program to end: Ctrl-C, or SIGTERM from a supervisor.
fn interrupted() -> impl Fn() -> bool {
    let asked = Arc::new(AtomicBool::new(false));
    let noted = asked.clone();
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        noted.store(true, Ordering::Relaxed);
    });
    move || asked.load(Ordering::Relaxed)
}

fn failed(doing: &'static str, reason: String) -> StartupError {
    StartupError::Other { doing, reason }
}
