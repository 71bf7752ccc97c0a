//! Prometheus metrics of a process: the recorder, and the listener that serves `GET /metrics`.
//!
//! Adapters and programs record through the `metrics` crate. Each crate that records has a module `metrics` with the names, the texts
//! and the buckets of its metrics. Without a recorder, which is when [`Metrics::start`] returns `None`, recording does nothing.

mod listener;
mod process;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::settings::Settings;
use crate::startup::StartupError;
use crate::version;

pub use listener::Serving;

/// How long a scrape waits for the values of one source.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(5);

/// The program that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Server,
    Worker,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "api-server",
            Self::Worker => "worker",
        }
    }

    fn bind(self, settings: &Settings) -> Option<SocketAddr> {
        match self {
            Self::Server => settings.metrics.bind,
            Self::Worker => settings.metrics.worker_bind,
        }
    }

    /// The key of its address, and the short name of the key in the environment.
    fn setting(self) -> (&'static str, &'static str) {
        match self {
            Self::Server => ("metrics.bind", "METRICS_BIND"),
            Self::Worker => ("metrics.worker_bind", "WORKER_METRICS_BIND"),
        }
    }
}

/// The upper bounds of the buckets of a histogram, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Buckets {
    /// The name of the histogram.
    pub name: &'static str,
    pub bounds: &'static [f64],
}

/// Values that are read when they are scraped.
#[async_trait]
pub trait Source: Send + Sync {
    /// Records the current values. A scrape waits for at most 5 seconds, and then has the values recorded before.
    async fn record(&self);
}

/// The recorder of this process, and the socket on which its values will be served.
#[derive(Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
    listener: TcpListener,
    address: SocketAddr,
}

impl Metrics {
    /// Listens on the address in `settings`, and records from now on. Call it before anything that records.
    ///
    /// `None` if metrics are off, or the default address cannot be listened on: a second server on a machine starts without metrics.
    /// An address that is set and cannot be listened on is an error.
    pub fn start(settings: &Settings, program: Program, histograms: &[Buckets]) -> Result<Option<Self>, StartupError> {
        let Some(address) = program.bind(settings) else { return Ok(None) };
        let (key, variable) = program.setting();
        let listener = match listener::bind(address) {
            Ok(listener) => listener,
            Err(error) if !settings.is_set(key) => {
                tracing::warn!(%address, setting = variable, %error, "metrics are not served");
                return Ok(None);
            }
            Err(error) => return Err(StartupError::listening(address.to_string(), variable, &error)),
        };
        let failed = |reason: String| StartupError::Other { doing: "recording metrics", reason };
        let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
        let builder = histograms.iter().try_fold(PrometheusBuilder::new(), |builder, Buckets { name, bounds }| {
            builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), bounds)
        });
        let recorder = builder.map_err(|error| failed(error.to_string()))?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|error| failed(error.to_string()))?;
        record_build(program);
        process::describe();
        Ok(Some(Self { handle, listener, address }))
    }

    /// Serves on the current runtime until the returned value is dropped. The values of `sources` are read for each scrape.
    pub fn serve(self, sources: Vec<Arc<dyn Source>>) -> Result<Serving, StartupError> {
        let Self { handle, listener, address } = self;
        let serving = Serving::start(handle, listener, sources, SOURCE_TIMEOUT)
            .map_err(|error| StartupError::Other { doing: "serving metrics", reason: error.to_string() })?;
        tracing::info!(%address, "metrics are served");
        Ok(serving)
    }
}

fn record_build(program: Program) {
    describe_gauge!("burntop_build_info", "The program, its release and its commit; the value is always 1");
    let labels = [("program", program.name()), ("version", version::RELEASE), ("commit", version::COMMIT)];
    gauge!("burntop_build_info", &labels).set(1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(variables: &[(&str, String)]) -> Result<Option<Metrics>, StartupError> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Metrics::start(&Settings::from_environment(variables).unwrap(), Program::Server, &[])
    }

    #[test]
    fn metrics_on_a_taken_address_that_is_set_fail_the_start() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = start(&[("METRICS_BIND", address.clone())]).unwrap_err().to_string();
        assert!(error.contains(&format!("{address} is in use")) && error.contains("METRICS_BIND"), "{error}");
    }

    #[test]
    fn metrics_without_an_address_are_off() {
        assert!(start(&[("METRICS_BIND", String::new())]).unwrap().is_none());
    }
}
