//! Serving: listen, open the database, answer, and leave everything tidy at the end.

use std::net::TcpListener;

use bootstrap::database::Database;
use bootstrap::{Settings, StartupError};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Serve;

/// Serves until SIGTERM or Ctrl-C, then lets running requests finish and stops an embedded database.
pub(crate) fn serve(settings: &Settings, asked: &Serve) -> Result<(), StartupError> {
    let runtime = runtime()?;
    // A port that is taken is the commonest failure, and found before the slow part.
    let listener = listen(settings)?;
    // From here on a signal no longer ends the process by itself, so the database is always stopped.
    let end = runtime.block_on(async { End::listen() })?;
    let database = Database::open(settings)?;
    let served = runtime.block_on(run(settings, asked, &database, listener, end));
    drop(runtime);
    served.and(database.stop())
}

/// The runtime that everything runs on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, StartupError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartupError::Other { doing: "starting the runtime", reason: error.to_string() })
}

/// The OpenAPI document as JSON.
pub(crate) fn openapi() -> Result<String, StartupError> {
    Err(StartupError::Other { doing: "printing the document", reason: "this build has no routes".to_owned() })
}

async fn run(
    settings: &Settings,
    asked: &Serve,
    database: &Database,
    listener: TcpListener,
    mut end: End,
) -> Result<(), StartupError> {
    let address = listener.local_addr().map_err(|error| StartupError::listening(address(settings), "HOST", &error))?;
    let has_worker = database.is_embedded() && !asked.no_worker;
    tracing::info!(%address, embedded_database = database.is_embedded(), worker = has_worker, "ready");
    let reason = end.comes().await;
    tracing::info!(reason, "stopping");
    Ok(())
}

fn listen(settings: &Settings) -> Result<TcpListener, StartupError> {
    let address = address(settings);
    let failed = |error: std::io::Error| {
        let setting = if error.kind() == std::io::ErrorKind::AddrInUse { "PORT" } else { "HOST or PORT" };
        StartupError::listening(&address, setting, &error)
    };
    let listener = TcpListener::bind((settings.server.host.as_str(), settings.server.port)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn address(settings: &Settings) -> String {
    let (host, port) = (&settings.server.host, settings.server.port);
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The signals that end the program.
struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    fn listen() -> Result<Self, StartupError> {
        let on = |kind| {
            signal(kind)
                .map_err(|error| StartupError::Other { doing: "listening for signals", reason: error.to_string() })
        };
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    /// Waits for one of them; returns its name.
    async fn comes(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}
