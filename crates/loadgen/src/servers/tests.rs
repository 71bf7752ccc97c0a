//! The scenarios against small servers that lack parts of the contract.

use std::io::Write;

use clap::Parser;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// The status, further header lines, and the body of an answer.
type FakeAnswer = (u16, &'static str, &'static str);

/// Answers the request with this number, method and path.
type Answering = fn(u32, &str, &str) -> FakeAnswer;

const SYNCED: FakeAnswer = (200, "", r#"{"success":true,"message":"ok"}"#);
const ME: FakeAnswer = (200, "", r#"{"username":"ada"}"#);
const MISSING: FakeAnswer = (404, "", r#"{"detail":"Not Found"}"#);

/// A server with the routes of a client that signs in elsewhere, and no registration.
fn smallest(_: u32, method: &str, path: &str) -> FakeAnswer {
    match (method, path) {
        ("GET", "/api/v1/auth/me" | "/api/v1/users/ada") => ME,
        ("POST", "/api/v1/sync") => SYNCED,
        _ => MISSING,
    }
}

/// Listens until the test ends; returns the base.
async fn fake(answering: Answering) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answering));
        }
    });
    base
}

/// Answers the requests of a connection until it is closed or an answer closes it.
async fn serve(stream: TcpStream, answering: Answering) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    for number in 0.. {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            break;
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await?;
            if header.trim().is_empty() {
                break;
            }
            let header = header.to_ascii_lowercase();
            length = header.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
        }
        stream.read_exact(&mut vec![0; length]).await?;
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (status, headers, body) = answering(number, method, path);
        let answer = format!("HTTP/1.1 {status} Fake\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await?;
        if headers.contains("close") {
            break;
        }
    }
    Ok(())
}

#[derive(Parser)]
#[command(args_override_self = true)]
struct CommandLine {
    #[command(flatten)]
    args: Args,
}

/// Options for few requests and two rounds. The time is long, so that a slow machine sends all of them.
fn options(bases: &[&str], more: &[&str]) -> Args {
    let bounds =
        "--accounts=2 --history=20 --batch=10 --connections=2 --messages=40 --requests=8 --seconds=60 --rounds=2";
    let bases = bases.iter().flat_map(|base| ["--base", base]);
    let words = ["loadgen"].into_iter().chain(bounds.split(' ')).chain(bases).chain(more.iter().copied());
    CommandLine::parse_from(words).args
}

/// A file with two tokens.
fn tokens() -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"s_one\n\ns_two\n").unwrap();
    file
}

/// The rows of all scenarios, by name, against servers without registration.
async fn rows(bases: &[&str], more: &[&str]) -> Vec<Vec<String>> {
    let file = tokens();
    let path = file.path().to_str().unwrap();
    let tokens: Vec<&str> = bases.iter().flat_map(|_| ["--tokens", path]).chain(more.iter().copied()).collect();
    let args = options(bases, &tokens);
    let targets = targets(&args).await.unwrap();
    let mut rows = Vec::new();
    for scenario in scenario::all(&args).filter(|scenario| scenario.name().contains(&args.only)) {
        rows.push(measure(scenario, &targets, &args).await.unwrap());
    }
    rows
}

/// The cells of the row called `name`, without the name.
fn row<'a>(rows: &'a [Vec<String>], name: &str) -> &'a [String] {
    let found = rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no row {name}"));
    &found[1..]
}

#[tokio::test]
async fn server_without_route_has_dash_in_its_row() {
    let base = fake(smallest).await;
    let rows = rows(&[&base], &[]).await;
    assert_eq!(rows.len(), 3 + crate::reads::endpoints::ENDPOINTS.len());
    for name in ["sync of 10 new messages", "sync of 1 to 20 new messages", "`/auth/me`", "`/users/{person}`"] {
        let cells = row(&rows, name);
        assert!(cells.len() == 3 && cells[1].ends_with(" ms"), "{name}: {cells:?}");
    }
    for name in ["`/dashboard/overview`", "`/leaderboard`", "`/stats/platform`"] {
        assert_eq!(row(&rows, name), ["—"], "{name}");
    }
}

#[tokio::test]
async fn server_without_registration_asks_for_tokens() {
    let base = fake(smallest).await;
    let error = targets(&options(&[&base], &[])).await.unwrap_err().to_string();
    assert!(error.ends_with("does not register accounts: give --tokens"), "{error}");
}

#[tokio::test]
async fn two_servers_have_ratio_where_both_answer() {
    fn with_overview(number: u32, method: &str, path: &str) -> FakeAnswer {
        if path == "/api/v1/dashboard/overview" { (200, "", "{}") } else { smallest(number, method, path) }
    }
    let (first, second) = (fake(with_overview).await, fake(smallest).await);
    let rows = rows(&[&first, &second], &[]).await;
    let both = row(&rows, "`/auth/me`");
    assert!(both[2].starts_with("**") && both[2].matches(", ").count() == 1, "a ratio for each round: {both:?}");
    let one = row(&rows, "`/dashboard/overview`");
    assert!(one[0].contains("ms") && one[1..] == ["—", "—"], "{one:?}");
}

#[tokio::test]
async fn rate_limit_is_waited_for_and_reported_instead_of_a_ratio() {
    fn limited(number: u32, method: &str, path: &str) -> FakeAnswer {
        if number.is_multiple_of(2) { (429, "Retry-After: 0\r\n", "{}") } else { smallest(number, method, path) }
    }
    let (first, second) = (fake(limited).await, fake(smallest).await);
    let rows = rows(&[&first, &second], &["--only", "/auth/me"]).await;
    let cells = row(&rows, "`/auth/me`");
    // Two rounds of eight requests, each refused once.
    assert!(cells[0].contains(" [429: 16] (") && !cells[1].contains("429") && cells[2] == "—", "{cells:?}");
}

#[tokio::test]
async fn closed_connection_is_opened_again() {
    fn closing(number: u32, method: &str, path: &str) -> FakeAnswer {
        let (status, _, body) = smallest(number, method, path);
        (status, "Connection: close\r\n", body)
    }
    let base = fake(closing).await;
    let rows = rows(&[&base], &["--only", "/auth/me"]).await;
    assert_eq!(row(&rows, "`/auth/me`").len(), 3, "{rows:?}");
}

#[tokio::test]
async fn failing_answer_is_shown_and_ends_its_scenario() {
    fn failing(number: u32, method: &str, path: &str) -> FakeAnswer {
        match path {
            "/api/v1/stats/platform" => (500, "", "{}"),
            "/api/v1/sync" => (200, "", r#"{"success":true,"messagesSynced":7}"#),
            _ => smallest(number, method, path),
        }
    }
    let base = fake(failing).await;
    let rows = rows(&[&base], &[]).await;
    assert_eq!(row(&rows, "`/stats/platform`"), ["failed: 500"]);
    assert_eq!(row(&rows, "sync of 10 new messages"), ["failed: 7 messages were new instead of 10"]);
}

#[test]
fn options_out_of_bounds_are_refused() {
    let one = "http://127.0.0.1:9";
    for (name, args, expected) in [
        ("one server", options(&[one], &[]), true),
        ("two servers", options(&[one, one], &["--tokens", "a", "--tokens", "b"]), true),
        ("three servers", options(&[one, one, one], &[]), false),
        ("more files than servers", options(&[one], &["--tokens", "a", "--tokens", "b"]), false),
        ("the longest history", options(&[one], &["--history", "119920"]), true),
        ("a longer history", options(&[one], &["--history", "119921"]), false),
    ] {
        assert_eq!(args.check().is_ok(), expected, "{name}");
    }
}
