//! Which requests of a session are known exactly, and which of its runs were returned from the log.
//!
//! A record that was returned cannot be taken back, because a server may have it. So a run that was returned as a total stays one: its
//! requests are left out if the store or the telemetry shows them later.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::response::Response;

use super::events::Run;

/// What earlier scans returned, by session. It is kept from scan to scan.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Sessions {
    sessions: BTreeMap<String, SessionCoverage>,
    /// Runs in the log that wait until the store can be read.
    pending: Vec<PendingRun>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct SessionCoverage {
    /// The instants of the first and the last exact request, in milliseconds.
    exact_ms: Option<(i64, i64)>,
    /// The runs that were returned from the log: after the first instant, until the second.
    logged_ms: Vec<(i64, i64)>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PendingRun {
    pub(super) run: Run,
    pub(super) path: PathBuf,
}

impl Sessions {
    /// Whether an exact request is to be returned. It is not if its run was.
    pub(super) fn add_exact(&mut self, response: &Response) -> bool {
        let Some(session) = &response.session else { return true };
        let session = self.sessions.entry(session.clone()).or_default();
        let at = response.timestamp.milliseconds();
        if session.logged_ms.iter().any(|(after, until)| *after < at && at <= *until) {
            return false;
        }
        let (first, last) = session.exact_ms.unwrap_or((at, at));
        session.exact_ms = Some((first.min(at), last.max(at)));
        true
    }

    pub(super) fn add_run(&mut self, run: PendingRun) {
        self.pending.push(run);
    }

    /// The runs that are not known exactly. While the store cannot be read, all wait. Adds those that are known to `copies`.
    pub(super) fn decide(&mut self, is_store_known: bool, copies: &mut u64) -> Vec<(Run, PathBuf)> {
        if !is_store_known {
            return Vec::new();
        }
        let mut logged = Vec::new();
        for PendingRun { run, path } in std::mem::take(&mut self.pending) {
            let session = self.sessions.entry(run.session.clone()).or_default();
            let interval = (run.after_ms, run.until.milliseconds());
            let is_known = session.exact_ms.is_some_and(|(first, last)| first <= interval.1 && last > interval.0);
            // A log that was written anew has the same run again. Another run at the same time is an agent's in it.
            let mut overlapping =
                session.logged_ms.iter().filter(|(after, until)| *after < interval.1 && *until > interval.0);
            if is_known || overlapping.any(|known| *known != interval) {
                *copies += 1;
                continue;
            }
            if !session.logged_ms.contains(&interval) {
                session.logged_ms.push(interval);
            }
            logged.push((run, path));
        }
        logged
    }
}
