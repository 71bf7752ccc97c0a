//! The worker program. Without a database URL it uses the embedded database that the server runs.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adapters_postgres::Database as Store;
use bootstrap::database::Database;
use bootstrap::system::{SystemClock, SystemIds};
use bootstrap::{Settings, StartupError};
use clap::{Args, Parser, Subcommand};
use domain::notifications::Inbox;
use domain::portability::Imports;
use domain::pricing::{CurrentBook, PriceBook};
use domain::social::Social;
use domain::usage::{Usage, UsageError};
use domain::users::{Username, Users};
use worker::import::Importer;
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
    /// Take in what `GET /users/me/export` of any instance wrote, packed with gzip or not; the same again adds nothing
    Import(ImportArguments),
}

#[derive(Debug, Args)]
struct ImportArguments {
    /// The file
    file: PathBuf,
    /// Take it into this account, whose profile stays as it is; without it, a new one is made
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// Believe that address and accounts elsewhere are the owner's: the address needs no verification, and signing in with
    /// GitHub or GitLab opens the new account. Whoever wrote the file could have put in any
    #[arg(long, conflicts_with = "user")]
    trust_email: bool,
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
        Command::Import(asked) => import(&store, asked).await,
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

/// The price book of this instance.
fn prices() -> Arc<CurrentBook> {
    Arc::new(CurrentBook::new(PriceBook::shipped_with(Vec::new())))
}

async fn import(store: &Store, asked: ImportArguments) -> Result<(), StartupError> {
    let unknown = |name: &str| failed("importing", format!("there is no account called {name}"));
    let target = asked.user.map(|name| Username::parse(&name).map_err(|_| unknown(&name))).transpose()?;
    let (shared, clock, ids, prices) = (Arc::new(store.clone()), Arc::new(SystemClock), Arc::new(SystemIds), prices());
    let importer = Importer {
        imports: Imports::new(shared.clone(), clock.clone(), ids.clone(), prices.clone()),
        social: Social::new(shared.clone(), shared.clone(), clock.clone(), ids.clone()),
        usage: Usage::new(shared, clock, ids, prices),
    };
    let done = importer.import(&asked.file, target, asked.trust_email, &SystemClock, |line| println!("{line}")).await;
    done.map_err(|error| failed("importing", error.to_string()))
}

async fn rebuild(store: &Store, asked: Rebuild) -> Result<(), StartupError> {
    let usage = Usage::new(Arc::new(store.clone()), Arc::new(SystemClock), Arc::new(SystemIds), prices());
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
