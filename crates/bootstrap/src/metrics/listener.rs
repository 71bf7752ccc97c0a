//! Serves `GET /metrics`, and nothing else.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use super::{Source, process};

/// How long a connection may take. It serves one request.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);

/// The most open connections; further ones wait.
const CONNECTIONS: usize = 16;

/// The interval at which recorded durations are sorted into buckets. Until then each takes memory of its own, so this does not wait
/// for a scrape, which may never come.
const UPKEEP: Duration = Duration::from_secs(5);

/// The pause after a failure to accept a connection, such as a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The text format of Prometheus.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Listens on `address`, without blocking.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A listener that serves until this is dropped.
#[derive(Debug)]
pub struct Serving {
    /// Aborts its tasks when it is dropped.
    _tasks: JoinSet<Infallible>,
}

/// What a connection needs.
struct Shared {
    handle: PrometheusHandle,
    sources: Vec<Arc<dyn Source>>,
    source_timeout: Duration,
}

impl Serving {
    /// Serves the values of `handle` on the current runtime.
    pub(super) fn start(
        handle: PrometheusHandle,
        listener: TcpListener,
        sources: Vec<Arc<dyn Source>>,
        source_timeout: Duration,
    ) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_up(handle.clone()));
        tasks.spawn(accept(listener, Arc::new(Shared { handle, sources, source_timeout })));
        Ok(Self { _tasks: tasks })
    }
}

async fn keep_up(handle: PrometheusHandle) -> Infallible {
    let mut ticks = interval(UPKEEP);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// Accepts connections, each served by a task that ends with this one.
async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) -> Infallible {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return std::future::pending().await };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "accepting a connection for metrics failed");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let _place = place;
            let _ = timeout(CONNECTION_TIMEOUT, serve(stream, &shared)).await;
        });
    }
}

/// Serves the one request of a connection.
async fn serve(stream: TcpStream, shared: &Shared) {
    let answer = service_fn(async |request: Request<Incoming>| Ok::<_, Infallible>(answer(&request, shared).await));
    let served = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), answer).await;
    if let Err(error) = served {
        tracing::debug!(%error, "serving metrics failed");
    }
}

async fn answer(request: &Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return with_status(StatusCode::NOT_FOUND);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = with_status(StatusCode::METHOD_NOT_ALLOWED);
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    process::record();
    for source in &shared.sources {
        if timeout(shared.source_timeout, source.record()).await.is_err() {
            tracing::warn!("reading values for metrics timed out");
        }
    }
    let mut answer = Response::new(Full::from(shared.handle.render()));
    answer.headers_mut().insert(CONTENT_TYPE, TEXT);
    answer
}

fn with_status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use metrics::{Key, Label, Level, Metadata, Recorder};
    use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    static METADATA: Metadata<'_> = Metadata::new("tests", Level::INFO, None);

    /// Serves the values of a recorder of its own; returns the address.
    fn serve_alone(recorder: &PrometheusRecorder, sources: Vec<Arc<dyn Source>>) -> (Serving, SocketAddr) {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        (Serving::start(recorder.handle(), listener, sources, Duration::from_millis(10)).unwrap(), address)
    }

    /// Sends `request` and reads to the end of the connection.
    async fn send(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request} HTTP/1.1\r\nHost: here\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn scrape_answers_text_and_other_requests_are_refused() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let key = Key::from_parts("things_total", vec![Label::new("kind", "odd")]);
        recorder.register_counter(&key, &METADATA).increment(7);
        let (_serving, address) = serve_alone(&recorder, Vec::new());
        for (request, status, part) in [
            ("GET /metrics", "200 OK", "things_total{kind=\"odd\"} 7"),
            ("GET /metrics?x=1", "200 OK", "content-type: text/plain; version=0.0.4"),
            ("HEAD /metrics", "200 OK", "content-length: "),
            ("POST /metrics", "405 Method Not Allowed", "allow: GET, HEAD"),
            ("GET /", "404 Not Found", "content-length: 0"),
            ("GET /api/v1/health", "404 Not Found", "content-length: 0"),
        ] {
            let answer = send(address, request).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request}: {answer}");
            assert!(answer.contains(part), "{request}: {answer}");
        }
    }

    /// A source whose database does not answer.
    struct Stuck;

    #[async_trait]
    impl Source for Stuck {
        async fn record(&self) {
            std::future::pending::<()>().await;
        }
    }

    #[tokio::test]
    async fn scrape_with_a_stuck_source_has_the_other_values() {
        let recorder = PrometheusBuilder::new().build_recorder();
        recorder.register_gauge(&Key::from_name("level"), &METADATA).set(3.0);
        let (_serving, address) = serve_alone(&recorder, vec![Arc::new(Stuck)]);
        assert!(send(address, "GET /metrics").await.contains("level 3"));
    }

    #[tokio::test]
    async fn listener_ends_with_its_value() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let (serving, address) = serve_alone(&recorder, Vec::new());
        assert!(send(address, "GET /metrics").await.starts_with("HTTP/1.1 200"));
        drop(serving);
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
