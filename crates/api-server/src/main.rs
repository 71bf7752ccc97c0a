//! The server program: reads its configuration, opens its database, and serves until a signal ends it.

mod check;
mod cli;
mod healthcheck;
mod metrics;
mod migrate;
mod proxy;
mod ready;
mod serve;
mod services;
mod welcome;
mod work;

use std::process::ExitCode;

use bootstrap::telemetry::{self, Telemetry};
use bootstrap::{Settings, StartupError, settings};
use clap::{CommandFactory, Parser};
use cli::{Cli, Command};

/// Returns freed memory to the system, of which glibc keeps some for each thread; docs/PERFORMANCE.md compares them. Its limits are in
/// `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    // The TLS implementation of all clients. An error means that one is installed already.
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
    match cli.command {
        Some(Command::Config { reference: true, .. }) => print_text(&settings::reference()),
        Some(Command::Config { check: true, .. }) => check::check(),
        Some(Command::Config { .. }) => print_text(&Settings::load()?.render_effective()),
        Some(Command::Openapi) => print_text(&serve::openapi()?),
        Some(Command::Healthcheck) => print_text(&healthcheck::ask(&Settings::load()?)?),
        Some(Command::Manual(manual)) => manual.write(Cli::command()),
        Some(Command::Migrate(migrate)) => {
            let (settings, _telemetry) = loaded()?;
            migrate::migrate(&settings, &migrate)
        }
        None => {
            let (settings, _telemetry) = loaded()?;
            serve::serve(&settings, !cli.no_worker)
        }
    }
}

/// Loads the configuration and starts logging.
fn loaded() -> Result<(Settings, Telemetry), StartupError> {
    let settings = Settings::load()?;
    let telemetry = telemetry::start(&settings, "api-server")?;
    Ok((settings, telemetry))
}

/// Prints to standard output; a closed pipe is not a failure.
fn print_text(text: &str) -> Result<(), StartupError> {
    use std::io::{ErrorKind, Write};
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(StartupError::Other { doing: "printing", reason: error.to_string() })
        }
        _ => Ok(()),
    }
}
