//! A home directory for tests, with a scan of one source.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::{Environment, Platform, Record, Scan, ScanOptions, SourceReport, State, Tokens, scan};

/// The time of all test scans.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-30 12:00 UTC);

pub(crate) struct Home {
    directory: TempDir,
    pub(crate) environment: Environment,
}

impl Home {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let environment = Environment::new(Platform::Linux, directory.path());
        Self { directory, environment }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("directory");
        fs::write(&path, content).expect("file");
        path
    }

    pub(crate) fn append(&self, path: &str, content: impl AsRef<[u8]>) {
        let mut file = fs::OpenOptions::new().append(true).open(self.path(path)).expect("file");
        file.write_all(content.as_ref()).expect("append");
    }

    /// Appends what the file lacks, as the tool that writes it does.
    pub(crate) fn grow(&self, path: &str, content: &[u8]) {
        match fs::read(self.path(path)) {
            Ok(written) if written.len() < content.len() => self.append(path, &content[written.len()..]),
            Ok(_) => {}
            Err(_) => drop(self.write(path, content)),
        }
    }

    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.environment.variables.insert(name.to_owned(), value.to_owned());
    }

    /// A first scan.
    pub(crate) fn scan(&self, source: &str) -> Scanned {
        self.scan_again(source, &State::default())
    }

    /// A scan that continues from a state. The state goes through JSON, as between two runs of a program.
    pub(crate) fn scan_again(&self, source: &str, state: &State) -> Scanned {
        self.scan_at(source, state, NOW)
    }

    pub(crate) fn scan_at(&self, source: &str, state: &State, now: OffsetDateTime) -> Scanned {
        let state = serde_json::from_str(&serde_json::to_string(state).expect("state")).expect("state");
        let options = ScanOptions { now, sources: Some(vec![source.to_owned()]) };
        let mut records = Vec::new();
        let scan = scan(&self.environment, state, &options, &mut |returned| records.extend(returned));
        Scanned::new(records, scan, source)
    }
}

/// The result of a scan of one source, records sorted by time and id.
pub(crate) struct Scanned {
    pub(crate) records: Vec<Record>,
    pub(crate) report: SourceReport,
    pub(crate) state: State,
}

impl Scanned {
    fn new(mut records: Vec<Record>, scan: Scan, source: &str) -> Self {
        records.sort_by(|a, b| (a.timestamp, &a.id).cmp(&(b.timestamp, &b.id)));
        let report = scan.sources.into_iter().find(|report| report.source == source).expect("a reader of the source");
        Self { records, report, state: scan.state }
    }

    /// The only record.
    pub(crate) fn one(&self) -> &Record {
        assert_eq!(self.records.len(), 1, "{:#?} {:#?}", self.records, self.report);
        &self.records[0]
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        self.records.iter().map(|record| record.id.as_str()).collect()
    }

    /// Model and output of each record.
    pub(crate) fn outputs(&self) -> Vec<(&str, u64)> {
        self.records.iter().map(|record| (&*record.model, record.tokens.output)).collect()
    }
}

/// Counts in the order input, cache read, cache write, of which 1 h, output, of which reasoning.
pub(crate) fn tokens(counts: [u64; 6]) -> Tokens {
    let [input, cache_read, cache_write, cache_write_1h, output, reasoning] = counts;
    Tokens { input, cache_read, cache_write, cache_write_1h, output, reasoning }
}
