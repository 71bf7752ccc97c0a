//! Traces reach a collector over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread;

use bootstrap::{Settings, telemetry};
use tracing::field::Empty;

/// Takes one request and answers 200; returns its head and body.
fn one_request(listener: &TcpListener) -> (String, Vec<u8>) {
    let (stream, _) = listener.accept().expect("a connection");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("an answer");
    (head, body)
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn span_of_a_request_reaches_the_collector_with_its_name_and_cause() {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}/", listener.local_addr().expect("an address"));
    let collector = thread::spawn(move || one_request(&listener));
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint), ("LOG_LEVEL", "error")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::from_environment(variables).expect("settings");
    let telemetry = telemetry::start(&settings, "api-server").expect("it starts");
    // As `adapters-http` makes it.
    let span = tracing::error_span!(
        target: "adapters_http::request_log", "request", method = "GET", route = Empty, status = Empty, reason = Empty
    );
    span.in_scope(|| tracing::trace!(target: "adapters_postgres::pool", query = "SELECT 1", "statement executed"));
    span.record("route", "/api/v1/users/{username}").record("status", 500_u16).record("reason", "the database failed");
    drop(span);
    tracing::error_span!(target: "hyper::client", "not of burntop").in_scope(|| ());
    drop(telemetry);

    let (head, body) = collector.join().expect("a request");
    assert!(head.starts_with("POST /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
    for text in ["GET /api/v1/users/{username}", "the database failed", "statement executed", "SELECT 1", "api-server"]
    {
        assert!(contains(&body, text), "{text} is missing");
    }
    assert!(!contains(&body, "not of burntop"));
}
