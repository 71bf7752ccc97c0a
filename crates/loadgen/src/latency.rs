//! Measures the latency of small syncs.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::Client;

use crate::baseline::Commits;
use crate::http::{Connection, post};
use crate::messages::{body, today};
use crate::report::{ms, percentile};
use crate::sync::{check, people};

/// The new messages of one small sync.
const SMALL_SYNC_MESSAGES: u32 = 10;

/// The messages that the account has already.
const EXISTING_MESSAGES: u32 = 5_000;

/// Times of small syncs in sequence, and of empty commits between them.
#[derive(Debug)]
pub(crate) struct SmallSyncTimes {
    /// p50, p95, p99.
    pub(crate) sync: [Duration; 3],
    /// p50 of an empty commit, if the database could be reached directly.
    pub(crate) commit: Option<Duration>,
}

impl SmallSyncTimes {
    pub(crate) fn print(&self) {
        let [p50, p95, p99] = self.sync.map(ms);
        println!("a sync of {SMALL_SYNC_MESSAGES} new messages: p50 {p50:.2} ms, p95 {p95:.2} ms, p99 {p99:.2} ms");
        if let Some(commit) = self.commit {
            println!("an empty commit: p50 {:.2} ms", ms(commit));
        }
    }
}

/// Sends `count` syncs of ten new messages over one connection, each followed by an empty commit in `database`.
pub(crate) async fn small(address: &str, database: Option<&Client>, count: u32) -> Result<SmallSyncTimes> {
    let mut commits = match database {
        Some(client) => Some(Commits::prepare(client).await?),
        None => None,
    };
    let today = today();
    let mut connection = Connection::open(address).await?;
    let (mut syncs, mut empty, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for (account, token) in people(address, 1).await? {
        let request = |numbers| post("/api/v1/sync", Some(&token), body(account, numbers, today));
        connection.send(&request(0..EXISTING_MESSAGES)?).await?.success()?;
        for n in 0..count {
            let first = EXISTING_MESSAGES + n * SMALL_SYNC_MESSAGES;
            let sync = request(first..first + SMALL_SYNC_MESSAGES)?;
            let begin = Instant::now();
            answers.push(connection.send(&sync).await?);
            syncs.push(begin.elapsed());
            if let Some(commits) = &mut commits {
                empty.push(commits.commit().await?);
            }
        }
    }
    check(answers, (u64::from(SMALL_SYNC_MESSAGES), 0))?;
    Ok(SmallSyncTimes {
        sync: [50, 95, 99].map(|percent| percentile(&mut syncs, percent)),
        commit: commits.map(|_| percentile(&mut empty, 50)),
    })
}
