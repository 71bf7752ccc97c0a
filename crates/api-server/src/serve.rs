//! Runs the server: listens, opens the database, serves, and shuts down in order.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpServer;
use adapters_http::app::app;
use adapters_http::edge::Edge;
use adapters_http::services::api;
use adapters_postgres::Hub;
use bootstrap::database::Database;
use bootstrap::metrics::Metrics;
use bootstrap::prices::PriceBookFollower;
use bootstrap::service::{self, ServiceState};
use bootstrap::signals::{ShutdownSignals, TERMINATE};
use bootstrap::store::{ServerDatabase, deps};
use bootstrap::system::{SystemClock, SystemIds};
use bootstrap::{Settings, StartupError, telemetry};

use crate::metrics;
use crate::ready::DatabaseReadiness;
use crate::work::WorkerTask;
use crate::{proxy, services, welcome};

/// Serves until SIGTERM or Ctrl-C, then lets running requests finish and stops an embedded database. With an embedded database it
/// also runs the worker's jobs, if `works` is true.
pub(crate) fn serve(settings: &Settings, works: bool) -> Result<(), StartupError> {
    telemetry::announce(settings);
    let runtime = runtime()?;
    // Before the database is opened, because a taken port is the most common failure and the database the slowest step.
    let listener = listen(settings)?;
    let metrics = metrics::start(settings)?;
    bootstrap::postgres_release::install_if_needed(settings)?;
    // From here on signals do not end the process by themselves, so the database is always stopped.
    let end = runtime.block_on(async { ShutdownSignals::listen() })?;
    let address =
        listener.local_addr().map_err(|error| StartupError::listening(self::address(settings), "HOST", &error))?;
    let settings = &settings.clone().listening_on(address);
    let mut database = Database::open(settings)?;
    let served = runtime.block_on(run(settings, &mut database, works, listener, metrics, end));
    drop(runtime);
    served.and(database.stop())
}

/// The runtime of the whole process.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, StartupError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartupError::Other { doing: "starting the runtime", reason: error.to_string() })
}

/// The OpenAPI document as JSON.
pub(crate) fn openapi() -> Result<String, StartupError> {
    let document = adapters_http::openapi::document(&api().under("/api/v1"));
    let text = document.to_pretty_json();
    text.map(|text| text + "\n")
        .map_err(|error| StartupError::Other { doing: "printing the document", reason: error.to_string() })
}

async fn run(
    settings: &Settings,
    database: &mut Database,
    works: bool,
    listener: TcpListener,
    metrics: Option<Metrics>,
    mut end: ShutdownSignals,
) -> Result<(), StartupError> {
    let started = Instant::now();
    let address = listener.local_addr().map_err(|error| StartupError::listening(address(settings), "HOST", &error))?;
    let store = ServerDatabase::open(settings, database.url()).await?;
    bootstrap::database::compare_secret_key(settings, &store.requests).await?;
    let ready = Arc::new(DatabaseReadiness::new(store.health.clone()));
    let hub = Hub::start(store.requests.clone(), database.url(), services::hub(settings));
    let prices = PriceBookFollower::start(deps(&store.jobs)).await;
    store.requests.name_models_by(prices.book());
    let services = services::services(settings, &store, hub.clone(), Arc::clone(&ready), prices.book())?;
    let works = works && database.is_embedded();
    let working = works.then(|| WorkerTask::start(settings, &store.jobs, database.url())).transpose()?;
    let _metrics = metrics.map(|metrics| metrics.serve(metrics::sources(&store, &hub))).transpose()?;
    let edge = Edge::new(Arc::new(SystemClock), Arc::new(SystemIds), services::edge(settings));
    let server = HttpServer::new(move || app(&edge, api()).configure(|config| services.clone().install(config)));
    let failed = |error: std::io::Error| StartupError::Other { doing: "serving", reason: error.to_string() };
    let server = services::limits(settings).apply(server).listen(listener).map_err(failed)?.run();
    let handle = server.handle();
    let serving = tokio::spawn(server);
    tracing::info!(%address, embedded_database = database.is_embedded(), took = ?started.elapsed(), "ready");
    proxy::warn_if_unnamed(settings, address.port());
    proxy::warn_without_https(settings);
    service::notify(ServiceState::Ready);
    welcome::print(settings, &deps(&store.requests), database.is_embedded()).await;

    let reason = tokio::select! {
        reason = end.comes() => reason,
        never = watch(database) => match never {},
    };
    tracing::info!(reason, "shutting down; running requests finish");
    service::notify(ServiceState::Stopping);
    ready.drain();
    let requests = async {
        if reason == TERMINATE {
            tokio::time::sleep(Duration::from_secs(settings.server.drain_notice_seconds)).await;
        }
        // Streams do not end by themselves.
        hub.close();
        handle.stop(true).await;
    };
    let jobs = async {
        if let Some(working) = working {
            working.end().await;
        }
    };
    tokio::join!(requests, jobs);
    let ended = serving.await.map_err(|error| StartupError::Other { doing: "serving", reason: error.to_string() })?;
    drop(prices);
    store.close();
    ended.map_err(failed)
}

/// Restarts an embedded server that dies.
async fn watch(database: &mut Database) -> Infallible {
    let mut ticks = tokio::time::interval(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        match tokio::task::block_in_place(|| database.revive()) {
            Ok(false) => {}
            Ok(true) => tracing::warn!("embedded database restarted"),
            Err(error) => tracing::error!(%error, "restarting the embedded database failed"),
        }
    }
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

/// The interval at which the embedded server is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
