//! Reads the logs into the store.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};

use collector::{Environment, OnRecords, Record, Scan, ScanOptions, SourceReport, State};
use domain::clock::Clock;
use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::SystemClock;
use crate::context::Context;
use crate::failure::{Failure, FailureKind};
use crate::store::Store;

/// What a scan found.
#[derive(Debug, Default)]
pub(crate) struct ScanSummary {
    pub(crate) sources: Vec<SourceReport>,
    /// Records that are new or better than before.
    pub(crate) changed: u64,
}

impl ScanSummary {
    /// The sources with files that could not be read, as opposed to lines.
    pub(crate) fn incomplete_sources(&self) -> BTreeSet<&'static str> {
        self.sources.iter().filter(|source| source.files_unread > 0).map(|source| source.source).collect()
    }

    pub(crate) fn problem_count(&self) -> u64 {
        self.sources.iter().map(|source| source.problem_count).sum()
    }
}

/// The home directory and variables of this process, as readers see them.
pub(crate) fn environment() -> Result<Environment, Failure> {
    Environment::from_process()
        .ok_or_else(|| Failure::new(FailureKind::Local, "The home directory is unknown. Set HOME."))
}

/// The slugs of all tools that can be read.
pub(crate) fn sources() -> Vec<&'static str> {
    collector::readers().iter().map(|reader| reader.source()).collect()
}

/// Reads what changed in the logs of `sources`, and stores it. Each source is stored by itself, so that an interrupted read goes on with the
/// source that was read, and that what is known of one source at a time is in memory.
pub(crate) fn scan_into(store: &mut Store, context: &Context, sources: &[&str]) -> Result<ScanSummary, Failure> {
    let environment = environment()?;
    let progress = progress(context, sources.len());
    let mut summary = ScanSummary::default();
    for source in sources {
        progress.set_message((*source).to_owned());
        let state = store.scan_state(source)?;
        let mut held = HeldRecords { store: &mut *store, source, records: Vec::new(), changed: Ok(0) };
        let scan = scan_sources(&environment, state, &[source], &mut |records| held.take(records));
        summary.changed += held.finish(scan.is_changed.then_some(&scan.state))?;
        summary.sources.extend(scan.sources);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(summary)
}

/// Stores records while a scan runs, apart from the last ones: these are stored with the positions in the logs, in one step.
struct HeldRecords<'a> {
    store: &'a mut Store,
    source: &'a str,
    records: Vec<Record>,
    changed: Result<u64, Failure>,
}

impl HeldRecords<'_> {
    fn take(&mut self, records: Vec<Record>) {
        let held = std::mem::replace(&mut self.records, records);
        self.store(&held, None);
    }

    fn finish(mut self, positions: Option<&State>) -> Result<u64, Failure> {
        let held = std::mem::take(&mut self.records);
        self.store(&held, positions);
        self.changed
    }

    /// After a failure nothing more is stored.
    fn store(&mut self, records: &[Record], positions: Option<&State>) {
        if let Ok(changed) = self.changed
            && (!records.is_empty() || positions.is_some())
        {
            self.changed = self.store.add_records(self.source, records, positions).map(|added| changed + added);
        }
    }
}

/// Reads what changed in the logs of `sources` since `state`.
pub(crate) fn scan_sources(
    environment: &Environment,
    state: State,
    sources: &[&str],
    on_records: OnRecords<'_>,
) -> Scan {
    let sources = sources.iter().map(|source| (*source).to_owned()).collect();
    collector::scan(environment, state, &ScanOptions { now: SystemClock.now(), sources: Some(sources) }, on_records)
}

/// A progress bar on standard error, if that is a terminal.
fn progress(context: &Context, steps: usize) -> ProgressBar {
    if context.output.is_json() || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("Reading logs [{bar:30}] {elapsed}: {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use collector::Tokens;
    use time::macros::datetime;

    use super::*;

    fn record(id: &str) -> Record {
        Record {
            source: "codex".into(),
            id: id.to_owned(),
            timestamp: datetime!(2026-11-30 12:00 UTC),
            model: "gpt-5".into(),
            provider: None,
            tokens: Tokens { input: 10, output: 5, ..Tokens::default() },
            session: None,
            project: None,
            agent: None,
            service_tier: None,
            reported_cost_nanousd: None,
            incomplete: false,
            cumulative: false,
            parser_version: 1,
        }
    }

    #[test]
    fn records_of_interrupted_scan_are_stored_once_and_positions_with_the_last() {
        let mut store = Store::in_memory().expect("a store");
        let count = |store: &Store| store.record_counts().expect("counts").first().map_or(0, |(_, count)| *count);
        let scan = |store: &mut Store, is_killed: bool| {
            let mut held = HeldRecords { store, source: "codex", records: Vec::new(), changed: Ok(0) };
            held.take(vec![record("a")]);
            held.take(vec![record("b")]);
            let positions = serde_json::from_str(r#"{"version":0,"sources":{}}"#).expect("a state");
            if is_killed { Ok(0) } else { held.finish(Some(&positions)) }
        };
        assert_eq!(scan(&mut store, true), Ok(0));
        assert_eq!((count(&store), store.scan_state("codex")), (1, Ok(State::default())));
        assert_eq!(scan(&mut store, false), Ok(1), "the first is known");
        assert_eq!(count(&store), 2);
        assert_ne!(store.scan_state("codex"), Ok(State::default()));
    }
}
