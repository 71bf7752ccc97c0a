//! Measures the export of one large account: speed and memory.

use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::TryStreamExt;
use http_body_util::BodyExt;
use tokio::time::sleep;

use crate::environment::{Environment, RunLocation, database, register};
use crate::http::{Connection, get, post};
use crate::messages::{body, today};
use crate::process::{forget_peak, memory};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: RunLocation,
    /// The messages of the account
    #[arg(long, default_value_t = 1_000_000)]
    messages: u32,
    /// The number of exports
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// Messages of one sync.
const MESSAGES_PER_SYNC: u32 = 50_000;

/// Fills an account, exports it, and prints time and memory.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let mut environment = Environment::start(&args.place).await?;
    let token = register(&environment.server()?.address, 1).await?;
    let (mut connection, today) = (Connection::open(&environment.server()?.address).await?, today());
    // One synthetic history is too short, so the account gets the messages of several.
    for (other, first) in (0..args.messages).step_by(MESSAGES_PER_SYNC as usize).enumerate() {
        let count = MESSAGES_PER_SYNC.min(args.messages - first);
        let sync = post("/api/v1/sync", Some(&token), body(other as u64, 0..count, today))?;
        connection.send(&sync).await?.success()?;
    }
    // A restart, so that the memory of the syncs is not measured.
    let server = environment.restart_server().await?;
    sleep(Duration::from_secs(1)).await;
    let (idle, _) = memory(server.pid())?;
    for round in 1..=args.rounds {
        let server = environment.server()?;
        let copied_in = copy(environment.database_url()).await?;
        forget_peak(server.pid())?;
        let (took, bytes) = export(&server.address, &token, args.messages).await?;
        let (_, peak) = memory(server.pid())?;
        let rate = |took: Duration| f64::from(args.messages) / took.as_secs_f64();
        println!(
            "round {round}: {} messages, {:.0} MB, exported in {:.1} s: {:.0}/s; a plain COPY: {:.0}/s, ratio {:.2}; server {idle:.0} MB idle, {peak:.0} MB at most",
            args.messages,
            megabytes(bytes),
            took.as_secs_f64(),
            rate(took),
            rate(copied_in),
            copied_in.as_secs_f64() / took.as_secs_f64(),
        );
    }
    Ok(())
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1_000).unwrap_or(u32::MAX)) / 1e3
}

/// Reads an export to its end; returns the time taken and the number of bytes.
async fn export(address: &str, token: &str, messages: u32) -> Result<(Duration, u64)> {
    let begin = Instant::now();
    let request = get("/api/v1/users/me/export", Some(token))?;
    let mut body = Connection::open(address).await?.stream(&request).await?.into_body();
    let (mut tail, mut bytes) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        bytes += chunk.len() as u64;
        tail.extend_from_slice(&chunk[chunk.len().saturating_sub(4_096)..]);
        tail.drain(..tail.len().saturating_sub(4_096));
    }
    let end = String::from_utf8_lossy(&tail);
    let end = end.rsplit_once(r#"{"type":"end""#).context("the export has no line `end`")?.1;
    ensure!(end.contains(&format!(r#""message":{messages}"#)), "messages are missing: {end}");
    Ok((begin.elapsed(), bytes))
}

/// Reads the same rows by `COPY`; returns the time taken.
async fn copy(url: &str) -> Result<Duration> {
    let client = database(url).await?;
    let begin = Instant::now();
    let mut rows = pin!(client.copy_out("COPY usage_messages TO STDOUT").await?);
    while rows.try_next().await?.is_some() {}
    Ok(begin.elapsed())
}
