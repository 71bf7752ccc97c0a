//! Traces for a collector of OpenTelemetry, over HTTP (cargo feature `otlp`): a span for each request and each attempt at a job, with the
//! statements and log lines in it as events. Statements are without their values.

use std::time::Duration;

use opentelemetry::trace::{SpanKind, Status, TracerProvider};
use opentelemetry::{KeyValue, Value};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::settings::Settings;
use crate::startup::StartupError;
use crate::version;

/// How long one request to the collector may take, and the last one at the end of the process.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What becomes part of a trace. Other crates stay out: the exporter's own requests would be traced, and exported.
const TRACED: &str = "off,adapters_http=debug,adapters_postgres=trace,domain=debug,worker=debug";

/// Makes the spans.
type TraceLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends spans until it is dropped, and the last ones then.
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        // An unreachable collector was logged before.
        let _ = self.0.shutdown_with_timeout(TIMEOUT);
    }
}

/// The layer that makes spans, and what sends them to the collector at `traces.endpoint`; `None` if that is not set. `service` names the
/// program. Call it outside of a runtime.
pub(crate) fn start(settings: &Settings, service: &'static str) -> Result<Option<(TraceLayer, Traces)>, StartupError> {
    let Some(endpoint) = &settings.traces.endpoint else { return Ok(None) };
    let failed = |reason: String| StartupError::Other { doing: "starting the export of traces", reason };
    let client = http_client::blocking_client(TIMEOUT).map_err(|error| failed(error.to_string()))?;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(TIMEOUT)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.version", version::RELEASE))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(NamedSpans(exporter))
        .with_sampler(Sampler::TraceIdRatioBased(settings.traces.share))
        .with_resource(resource)
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("burntop"));
    Ok(Some((layer.with_filter(EnvFilter::new(TRACED)).boxed(), Traces(provider))))
}

/// Names the span of a request by its method and route, as the semantic conventions of HTTP demand; the log knows both only at its end.
#[derive(Debug)]
struct NamedSpans<E>(E);

impl<E: SpanExporter> SpanExporter for NamedSpans<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(name);
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn name(span: &mut SpanData) {
    let attribute = |key: &str| span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
    let text = |key: &str| attribute(key).map(|attribute| attribute.value.as_str().into_owned());
    match &*span.name {
        "request" => {
            let status = match attribute("status").map(|attribute| &attribute.value) {
                Some(Value::I64(status)) => *status,
                _ => 0,
            };
            let named = text("method").zip(text("route")).map(|(method, route)| format!("{method} {route}"));
            let reason = text("reason");
            span.span_kind = SpanKind::Server;
            if status >= 500 {
                span.status = Status::error(reason.unwrap_or_default());
            }
            if let Some(named) = named {
                span.name = named.into();
            }
        }
        "job" => {
            if let Some(job) = text("job") {
                span.name = format!("job {job}").into();
            }
        }
        _ => {}
    }
}
