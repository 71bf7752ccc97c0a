//! What a scan returns: the next state and a report of each source.

use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::reader::Root;
use crate::state::State;
use crate::{Record, SessionTotal};

/// Problems beyond this number per source are counted, not listed.
pub(crate) const LISTED_PROBLEMS: usize = 100;

#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Records that are later are rejected.
    pub now: OffsetDateTime,
    /// The sources to read; all if `None`.
    pub sources: Option<Vec<String>>,
}

/// The result of a scan, apart from its records.
#[derive(Debug)]
pub struct Scan {
    /// For the next scan. Save it after the records are safe: what a lost state forgets is returned again, what a saved one knows is not.
    pub state: State,
    /// Whether the state is another one than before.
    pub is_changed: bool,
    pub sources: Vec<SourceReport>,
}

/// Takes the records of a scan while it runs.
pub type OnRecords<'a> = &'a mut dyn FnMut(Vec<Record>);

/// What was read of one source.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    pub source: &'static str,
    pub parser_version: u16,
    pub roots: Vec<Root>,
    pub files_found: u64,
    /// Files whose content was read: the others have not changed.
    pub files_read: u64,
    /// Files, directories and databases that could not be read. While there are any, the scan does not know everything.
    pub files_unread: u64,
    pub lines_read: u64,
    pub bytes_read: u64,
    pub records: u64,
    /// Lines and records that were copies of a response: repeated lines, forks, backups.
    pub copies_merged: u64,
    /// Records that are known to be below the truth.
    pub unfinished: u64,
    /// Entries that look like responses but were no calls, such as error messages.
    pub not_calls: u64,
    pub problem_count: u64,
    /// The first 100 problems.
    pub problems: Vec<Problem>,
    /// What the tool itself counted, for the sessions that were read.
    pub session_totals: Vec<SessionTotal>,
}

/// What a problem costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A file, directory or database was not read. The next scan tries again.
    Unread,
    /// A line was not understood.
    BadLine,
    /// A response was understood and refused, because its counts or its time are impossible.
    Refused,
}

/// Something that could not be read, or was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub kind: ProblemKind,
    pub path: PathBuf,
    pub line: Option<u64>,
    /// Contains no content of the file.
    pub reason: String,
}
