//! The worker program. Without a database URL it uses the embedded database that the server runs.

mod cli;
mod commands;

use std::process::ExitCode;

use bootstrap::database::Database;
use bootstrap::metrics::Metrics;
use bootstrap::store::{open_for_command, open_for_jobs};
use bootstrap::{Settings, StartupError, telemetry};
use clap::{CommandFactory, Parser};
use cli::{Cli, Command, Invocation};

fn main() -> ExitCode {
    // The TLS implementation of all clients. An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<(), StartupError> {
    match cli.command {
        Invocation::Manual(manual) => manual.write(Cli::command()),
        Invocation::Database(command) => run_on_database(command),
    }
}

fn run_on_database(command: Command) -> Result<(), StartupError> {
    let settings = Settings::load()?;
    let _telemetry = telemetry::start(&settings, "worker")?;
    let metrics = match &command {
        Command::Run(_) => {
            telemetry::announce(&settings);
            worker::metrics::start(&settings)?
        }
        _ => None,
    };
    let database = match &command {
        // A worker runs beside a server, which starts the embedded database.
        Command::Run(_) => Database::attach(&settings)?,
        _ => Database::attach_or_start(&settings)?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed("starting the runtime", error.to_string()))?;
    let done = runtime.block_on(obey(&settings, database.url(), command, metrics));
    drop(runtime);
    done.and(database.stop())
}

async fn obey(settings: &Settings, url: &str, command: Command, metrics: Option<Metrics>) -> Result<(), StartupError> {
    let command = match command {
        // A backup does not need the schema of this program.
        Command::Backup(args) => return commands::backup::backup(settings, url, args).await,
        other => other,
    };
    let store = match &command {
        Command::Run(_) => {
            let store = open_for_jobs(settings, url).await?;
            // Only emails need the key.
            if settings.mail.is_on() {
                bootstrap::database::compare_secret_key(settings, &store).await?;
            }
            store
        }
        // Only programs that serve or run jobs migrate the schema.
        _ => open_for_command(settings, url).await?,
    };
    let _metrics = metrics.map(|metrics| metrics.serve(worker::metrics::sources(&store))).transpose()?;
    let done = match command {
        Command::Run(args) => commands::run::run(settings, &store, url, args).await,
        Command::RunOnce { job } => commands::run_once::run_once(settings, &store, &job.into()).await,
        Command::Jobs(args) => commands::jobs::jobs(&store, args).await,
        Command::Import(args) => commands::import::import(&store, args).await,
        Command::Admin(args) => commands::admin::admin(&store, args).await,
        Command::Invite(command) => commands::invite::invite(settings, &store, command).await,
        Command::User(command) => commands::user::user(settings, &store, command).await,
        // Done above.
        Command::Backup(_) => Ok(()),
        Command::Rebuild(args) => commands::rebuild::rebuild(&store, args).await,
    };
    store.close();
    done
}

fn failed(doing: &'static str, reason: String) -> StartupError {
    StartupError::Other { doing, reason }
}
