//! A real server with a few routes that show everything the edge does, and a client that hides nothing.

pub(crate) mod client;
pub(crate) mod routes;
pub(crate) mod world;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{App, HttpServer};
use adapters_http::app::{AppServiceFactory, app};
use adapters_http::body::{BodyLimits, BodyTimeout, ByteBudget};
use adapters_http::edge::{Edge, EdgeSettings};
use adapters_http::health::Readiness;
use adapters_http::server::ServerLimits;
use async_trait::async_trait;
use domain::clock::{Clock, FixedClock};
use domain::ids::Ids;
use domain::jobs::WorkerStatus;
use time::macros::datetime;
use uuid::Uuid;

pub(crate) use client::{Client, Request};

/// The id of every request that brings none.
pub(crate) const FRESH: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);

/// Bytes an ordinary body may have here.
pub(crate) const LIMIT: usize = 4096;

/// Bytes a sync body may have here.
pub(crate) const SYNC_LIMIT: usize = 1 << 20;

pub(crate) struct OneId;

impl Ids for OneId {
    fn fresh(&self) -> Uuid {
        FRESH
    }

    fn secret(&self) -> [u8; 32] {
        [7; 32]
    }
}

/// A switch for what the readiness checks find.
#[derive(Default)]
pub(crate) struct ReadinessSwitch {
    pub(crate) database_gone: AtomicBool,
    pub(crate) draining: AtomicBool,
    pub(crate) worker: Mutex<WorkerStatus>,
}

#[async_trait]
impl Readiness for ReadinessSwitch {
    async fn database(&self) -> bool {
        !self.database_gone.load(Ordering::SeqCst)
    }

    async fn migrations(&self) -> bool {
        true
    }

    fn draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    async fn worker(&self) -> Option<WorkerStatus> {
        self.database().await.then(|| *self.worker.lock().expect("a status"))
    }
}

/// Starts a server on a port of its own that ends with the test.
pub(crate) fn start(settings: EdgeSettings) -> (Client, Arc<ReadinessSwitch>) {
    let wellbeing = Arc::new(ReadinessSwitch::default());
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(datetime!(2026-11-22 12:34:56.789 UTC)));
    let edge = Edge::new(clock, Arc::new(OneId), settings);
    let readiness: Arc<dyn Readiness> = wellbeing.clone();
    let limits = BodyLimits {
        ordinary: LIMIT,
        sync: SYNC_LIMIT,
        sync_messages: 1000,
        patience: BodyTimeout { grace: Duration::from_millis(300), slowest: 16 << 10 },
    };
    let budget = ByteBudget::new(2 * SYNC_LIMIT, SYNC_LIMIT, Duration::from_secs(5));
    let client = listen(move || {
        app(&edge, routes::all())
            .app_data(Data::from(readiness.clone()))
            .app_data(Data::new(limits.clone()))
            .app_data(Data::new(budget.clone()))
    });
    (client, wellbeing)
}

/// Serves on a port of its own until the test ends.
pub(crate) fn listen<S: AppServiceFactory + 'static>(make: impl Fn() -> App<S> + Send + Clone + 'static) -> Client {
    let limits = ServerLimits { workers: 1, stall_timeout: Duration::from_millis(500), ..ServerLimits::default() };
    listen_within(&limits, make)
}

/// The same within `limits`.
pub(crate) fn listen_within<S: AppServiceFactory + 'static>(
    limits: &ServerLimits,
    make: impl Fn() -> App<S> + Send + Clone + 'static,
) -> Client {
    let server = limits.apply(HttpServer::new(make));
    let server = server.bind(("127.0.0.1", 0)).expect("a free port");
    let address: SocketAddr = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    Client(address)
}

/// A server with the default settings.
pub(crate) fn server() -> Client {
    start(EdgeSettings::default()).0
}
