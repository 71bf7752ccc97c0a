//! The limits of connections: their number and their timeouts.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response, Service, ServiceFactory};
use actix_web::http::KeepAlive;
use actix_web::{Error, HttpServer};

/// The limits of the server. The body's own are [`crate::body::BodyLimits`].
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Threads that serve requests.
    pub workers: usize,
    /// Connections per worker; more wait in the backlog.
    pub connections_per_worker: usize,
    /// Connections that wait to be accepted.
    pub backlog: u32,
    /// The timeout of an idle connection.
    pub keep_alive: Duration,
    /// The timeout for the head of a request.
    pub head_timeout: Duration,
    /// The timeout for a client to close its side.
    pub disconnect_timeout: Duration,
    /// The timeout of a client that does not read its answer, where the operating system supports it.
    pub stall_timeout: Duration,
    /// The timeout for requests in progress when the server stops.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            connections_per_worker: 25_000,
            backlog: 2048,
            keep_alive: Duration::from_secs(75),
            head_timeout: Duration::from_secs(10),
            disconnect_timeout: Duration::from_secs(2),
            stall_timeout: Duration::from_mins(1),
            drain: Duration::from_secs(30),
        }
    }
}

impl ServerLimits {
    /// Sets the limits of `server`. The caller handles signals, since it also closes the pool.
    pub fn apply<F, I, S, B>(&self, server: HttpServer<F, I, S, B>) -> HttpServer<F, I, S, B>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let stall_timeout = u32::try_from(self.stall_timeout.as_millis()).unwrap_or(u32::MAX);
        server
            .on_connect(move |connection, _| end_when_stalled(connection, stall_timeout))
            .workers(self.workers.max(1))
            .max_connections(self.connections_per_worker)
            .backlog(self.backlog)
            .keep_alive(KeepAlive::Timeout(self.keep_alive))
            .client_request_timeout(self.head_timeout)
            .client_disconnect_timeout(self.disconnect_timeout)
            .shutdown_timeout(self.drain.as_secs())
            .disable_signals()
    }
}

/// Makes the operating system end a connection whose client has acknowledged nothing for this many milliseconds. A server that waits
/// to write cannot detect that itself.
#[cfg(target_os = "linux")]
fn end_when_stalled(connection: &dyn Any, milliseconds: u32) {
    if let Some(socket) = connection.downcast_ref::<actix_web::rt::net::TcpStream>()
        && let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(socket, milliseconds)
    {
        tracing::debug!(%error, "a connection has no stall timeout");
    }
}

#[cfg(not(target_os = "linux"))]
fn end_when_stalled(_: &dyn Any, _: u32) {}
