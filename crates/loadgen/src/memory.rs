//! Measures the memory of the server.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::environment::Environment;
use crate::http::{Connection, post};
use crate::messages::{body, today};
use crate::process::{forget_peak, memory};
use crate::sync::{check, people};

/// The messages of one large sync.
const LARGE_SYNC_MESSAGES: u32 = 50_000;

/// Concurrent large syncs.
const CONCURRENT_SYNCS: u32 = 8;

/// Resident memory of the server in MB.
#[derive(Debug)]
pub(crate) struct Memory {
    /// After the start.
    pub(crate) idle: f64,
    /// At most while eight syncs of 50,000 messages run.
    pub(crate) peak: f64,
    /// Five seconds after them.
    pub(crate) after: f64,
    /// The time taken by all of them together.
    pub(crate) took: Duration,
}

impl Memory {
    pub(crate) fn print(&self) {
        println!(
            "memory of the server: {:.0} MB idle, {:.0} MB at most while {CONCURRENT_SYNCS} syncs of {LARGE_SYNC_MESSAGES} messages run ({:.1} s), {:.0} MB afterwards",
            self.idle,
            self.peak,
            self.took.as_secs_f64(),
            self.after,
        );
    }
}

/// Restarts the server and measures its memory.
pub(crate) async fn measure(environment: &mut Environment) -> Result<Memory> {
    let server = environment.restart_server().await?;
    sleep(Duration::from_secs(1)).await;
    let (idle, _) = memory(server.pid())?;
    let today = today();
    let mut requests = Vec::new();
    for (account, token) in people(&server.address, CONCURRENT_SYNCS).await? {
        let connection = Connection::open(&server.address).await?;
        requests.push((connection, post("/api/v1/sync", Some(&token), body(account, 0..LARGE_SYNC_MESSAGES, today))?));
    }
    forget_peak(server.pid())?;
    let begin = Instant::now();
    let mut running = JoinSet::new();
    for (mut connection, request) in requests {
        running.spawn(async move { connection.send(&request).await });
    }
    let mut answers = Vec::new();
    while let Some(done) = running.join_next().await {
        answers.push(done??);
    }
    let took = begin.elapsed();
    let (_, peak) = memory(server.pid())?;
    check(answers, (u64::from(LARGE_SYNC_MESSAGES), 0))?;
    sleep(Duration::from_secs(5)).await;
    let (after, _) = memory(server.pid())?;
    Ok(Memory { idle, peak, after, took })
}
