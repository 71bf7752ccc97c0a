//! A scan of a source: what readers share while they read.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::accept::{impossible, make_acceptable};
use crate::content::Timestamp;
use crate::files::{FileEntry, Stamp, find};
use crate::fingerprint::hash_64;
use crate::jsonl;
use crate::project::Projects;
use crate::reader::{Reader, Root};
use crate::report::{LISTED_PROBLEMS, OnRecords, Problem, ProblemKind, SourceReport};
use crate::sqlite::{self, Database};
use crate::state::{FileState, RecentId, SentResponse, SourceState, path_key};
use crate::{Environment, Record, SessionTotal, Tokens};

/// A clock that was reset is wrong by less, so that a response in a far future does not cost a read of its file in each scan.
const CLOCK_ERROR: Duration = Duration::days(366);

/// Responses that were returned are remembered this long: as long as tools keep their logs, and some days.
const REMEMBERED: Duration = Duration::days(35);

/// The last line of a response is written this long after its first at most.
const IDS_REMEMBERED: Duration = Duration::hours(48);

/// Files that are one document are read whole, so they are limited.
const LARGEST_DOCUMENT: u64 = 64 << 20;

/// Documents that are read at once.
const ROUND_DOCUMENTS: usize = 1_024;

/// Records that are held back, so that copies meet before they are returned.
const HELD_RECORDS: usize = 20_000;

/// The reading of one source.
pub struct SourceScan<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) report: SourceReport,
    pub(crate) projects: Projects,
    /// What was known of the files before.
    pub(crate) previous_files: BTreeMap<String, FileState>,
    pub(crate) next: SourceState,
    previous_context: Value,
    /// Whether the next state has other responses than the previous one.
    has_returned_anything: bool,
    /// Files with responses that are ahead of the clock.
    files_ahead: BTreeSet<String>,
    source: Arc<str>,
    now: OffsetDateTime,
    /// Records that were not returned yet.
    records: HashMap<String, Record>,
    on_records: OnRecords<'a>,
    /// By session and model.
    session_totals: BTreeMap<(Arc<str>, Option<Arc<str>>), SessionTotal>,
}

impl<'a> SourceScan<'a> {
    pub(crate) fn new(
        reader: &dyn Reader,
        environment: &'a Environment,
        mut previous: SourceState,
        now: OffsetDateTime,
        on_records: OnRecords<'a>,
    ) -> Self {
        let mut roots = reader.roots(environment);
        roots.extend(environment.neighbours.iter().flat_map(|neighbour| reader.roots(neighbour)));
        roots.extend_from_slice(environment.extra(reader.source()));
        let mut known = HashSet::new();
        roots.retain(|root| known.insert(root.clone()));
        let report = SourceReport {
            source: reader.source(),
            parser_version: reader.parser_version(),
            roots: roots.iter().map(|path| Root { path: path.clone(), exists: path.exists() }).collect(),
            files_found: 0,
            files_read: 0,
            files_unread: 0,
            lines_read: 0,
            bytes_read: 0,
            records: 0,
            copies_merged: 0,
            unfinished: 0,
            not_calls: 0,
            problem_count: 0,
            problems: Vec::new(),
            session_totals: Vec::new(),
        };
        let previous_files = std::mem::take(&mut previous.files);
        let previous_context = previous.context.clone();
        let next = SourceState { parser_version: reader.parser_version(), ..previous };
        Self {
            environment,
            roots,
            report,
            projects: Projects::default(),
            previous_files,
            next,
            previous_context,
            has_returned_anything: false,
            files_ahead: BTreeSet::new(),
            source: Arc::from(reader.source()),
            now,
            records: HashMap::new(),
            on_records,
            session_totals: BTreeMap::new(),
        }
    }

    /// Returns the last records, the next state and whether it is another one than before.
    pub(crate) fn finish(mut self) -> (SourceState, bool, SourceReport) {
        self.flush();
        self.report.session_totals = self.session_totals.into_values().collect();
        self.next.files.retain(|file, _| !self.files_ahead.contains(file));
        let oldest_ms = Timestamp(self.now - REMEMBERED).milliseconds();
        let oldest_id_ms = Timestamp(self.now - IDS_REMEMBERED).milliseconds();
        self.next.sent.retain(|_, sent| sent.timestamp_ms >= oldest_ms);
        self.next.sent.values_mut().for_each(|sent| sent.is_new = false);
        self.next.sent.shrink_to_fit();
        self.next.recent_ids.retain(|_, known| std::mem::take(&mut known.is_new) || known.timestamp_ms >= oldest_id_ms);
        // What was forgotten alone is no reason to save the state.
        let is_changed = self.has_returned_anything
            || self.next.files != self.previous_files
            || self.next.context != self.previous_context;
        (self.next, is_changed, self.report)
    }

    /// Returns the records that were found until now.
    fn flush(&mut self) {
        self.report.records += self.records.len() as u64;
        self.report.unfinished += self.records.values().filter(|record| record.incomplete).count() as u64;
        let mut records: Vec<_> = self.records.drain().map(|(_, record)| record).collect();
        records.sort_unstable_by(|a, b| (a.timestamp, &a.id).cmp(&(b.timestamp, &b.id)));
        if !records.is_empty() {
            (self.on_records)(records);
        }
    }

    /// The wanted files below the source's roots.
    pub(crate) fn find(&mut self, wanted: impl Fn(&Path) -> bool) -> Vec<FileEntry> {
        self.find_below(&self.roots.clone(), wanted)
    }

    /// The wanted files below directories. What cannot be looked at is reported.
    pub(crate) fn find_below(&mut self, roots: &[PathBuf], wanted: impl Fn(&Path) -> bool) -> Vec<FileEntry> {
        let found = find(roots, wanted);
        for (path, reason) in found.unreadable {
            self.unread(&path, reason);
        }
        found.files
    }

    /// Reads the files that changed and are one document each, and calls `on_document` with what each says.
    pub(crate) fn read_documents<T: Send>(
        &mut self,
        files: Vec<FileEntry>,
        parse: impl Fn(&FileEntry, &[u8]) -> Result<T, String> + Sync,
        on_document: impl FnMut(&mut Self, &FileEntry, T),
    ) {
        let read = |entry: &FileEntry| {
            if entry.stamp.size > LARGEST_DOCUMENT {
                return Err("larger than 64 MiB".to_owned());
            }
            let _turn = jsonl::wait_for_turn(entry.stamp.size);
            let content = std::fs::read(&entry.path).map_err(|error| error.kind().to_string())?;
            parse(entry, content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content))
        };
        self.read_whole(files, read, on_document);
    }

    /// Calls `read` for each file that changed, and `on_file` with the result. One that fails is reported, and tried again by the next scan: a
    /// document that is being written is whole then.
    pub(crate) fn read_whole<T: Send>(
        &mut self,
        files: Vec<FileEntry>,
        read: impl Fn(&FileEntry) -> Result<T, String> + Sync,
        mut on_file: impl FnMut(&mut Self, &FileEntry, T),
    ) {
        for round in self.changed(files).chunks(ROUND_DOCUMENTS) {
            let results: Vec<_> = round.par_iter().map(&read).collect();
            for (entry, result) in round.iter().zip(results) {
                self.report.files_read += 1;
                self.report.bytes_read += entry.stamp.size;
                match result {
                    Ok(value) => {
                        self.mark_read(&entry.path, entry.stamp);
                        on_file(self, entry, value);
                    }
                    Err(reason) => self.unreadable(&entry.path, reason),
                }
            }
        }
    }

    /// Calls `read` for a database that changed, with what the last scan left for this one: null at first, and where the database was
    /// replaced. `read` calls its last parameter with each row, which `on_row` takes, and returns what it leaves for the next scan.
    pub(crate) fn read_database<T>(
        &mut self,
        path: &Path,
        read: impl FnOnce(&Database, &Value, &mut dyn FnMut(T)) -> Result<Value, String>,
        mut on_row: impl FnMut(&mut Self, T),
    ) {
        let Some(stamp) = Stamp::of_path(path) else { return };
        let log = sqlite::log_path(path);
        let log_stamp = Stamp::of_path(&log).unwrap_or_default();
        self.report.files_found += 1;
        let (is_changed, is_log_changed) = (self.is_changed(path, stamp), self.is_changed(&log, log_stamp));
        if !is_changed && !is_log_changed {
            return;
        }
        let known = self.previous_files.get(&path_key(path));
        let context = known
            .filter(|known| (known.stamp.device, known.stamp.inode) == (stamp.device, stamp.inode))
            .map_or(Value::Null, |known| known.context.clone());
        self.report.files_read += 1;
        self.report.bytes_read += stamp.size;
        let result = Database::open(path, &self.environment.temporary).and_then(|database| {
            if database.is_empty()? { Ok(Value::Null) } else { read(&database, &context, &mut |row| on_row(self, row)) }
        });
        match result {
            Ok(context) => {
                self.next.files.insert(path_key(path), FileState { stamp, context, ..FileState::default() });
                self.mark_read(&log, log_stamp);
            }
            Err(reason) => self.unreadable(path, reason),
        }
    }

    /// Whether a file is not as the last scan saw it. One that is unchanged is taken over into the next state.
    pub(crate) fn is_changed(&mut self, path: &Path, stamp: Stamp) -> bool {
        let key = path_key(path);
        match self.previous_files.get(&key) {
            Some(known) if known.stamp == stamp => {
                self.next.files.insert(key, known.clone());
                false
            }
            _ => true,
        }
    }

    /// Remembers a file that was read whole.
    pub(crate) fn mark_read(&mut self, path: &Path, stamp: Stamp) {
        self.next.files.insert(path_key(path), FileState { stamp, ..FileState::default() });
    }

    /// Makes the next scan read a file from its start, if it changes.
    pub(crate) fn read_again(&mut self, path: &Path) {
        if let Some(state) = self.next.files.get_mut(&path_key(path)) {
            *state = FileState { stamp: state.stamp, ..FileState::default() };
        }
    }

    /// What the reader knew across files after the last scan.
    pub(crate) fn shared_context<T: DeserializeOwned + Default>(&self) -> T {
        T::deserialize(&self.previous_context).unwrap_or_default()
    }

    pub(crate) fn set_shared_context(&mut self, context: &impl Serialize) {
        self.next.context = serde_json::to_value(context).unwrap_or_default();
    }

    /// Counts the files and leaves out those that have not changed.
    pub(crate) fn changed(&mut self, files: Vec<FileEntry>) -> Vec<FileEntry> {
        self.report.files_found += files.len() as u64;
        files.into_iter().filter(|entry| self.is_changed(&entry.path, entry.stamp)).collect()
    }

    /// Reports a bad line.
    pub(crate) fn bad_line(&mut self, path: &Path, line: u64, reason: String) {
        self.problem(Problem { kind: ProblemKind::BadLine, path: path.to_path_buf(), line: Some(line), reason });
    }

    /// Reports a response that is refused.
    pub(crate) fn refuse(&mut self, path: &Path, reason: impl Into<String>) {
        self.problem(Problem {
            kind: ProblemKind::Refused,
            path: path.to_path_buf(),
            line: None,
            reason: reason.into(),
        });
    }

    pub(crate) fn unread(&mut self, path: &Path, reason: String) {
        self.report.files_unread += 1;
        self.problem(Problem { kind: ProblemKind::Unread, path: path.to_path_buf(), line: None, reason });
    }

    fn problem(&mut self, problem: Problem) {
        self.report.problem_count += 1;
        if self.report.problems.len() < LISTED_PROBLEMS {
            self.report.problems.push(problem);
        }
    }

    /// Reports a file that could not be read. What the last scan knew of it stays, and the next scan tries again.
    pub(crate) fn unreadable(&mut self, path: &Path, reason: impl Into<String>) {
        let key = path_key(path);
        if let Some(known) = self.previous_files.get(&key) {
            // No file was modified then.
            let known = FileState { stamp: Stamp { modified_ns: -1, ..known.stamp }, ..known.clone() };
            self.next.files.insert(key, known);
        }
        self.unread(path, reason.into());
    }

    /// Keeps what a tool counted for a session and model: the last, because totals grow.
    pub(crate) fn session_total(&mut self, total: SessionTotal) {
        self.session_totals.insert((total.session.clone(), total.model.clone()), total);
    }

    /// A record with the fields that every tool has.
    pub(crate) fn record(&self, id: String, timestamp: Timestamp, model: Arc<str>, tokens: Tokens) -> Record {
        Record {
            source: self.source.clone(),
            id,
            timestamp: timestamp.0,
            model,
            provider: None,
            tokens,
            session: None,
            project: None,
            agent: None,
            service_tier: None,
            reported_cost_nanousd: None,
            incomplete: false,
            cumulative: false,
            parser_version: self.report.parser_version,
        }
    }

    /// Returns a record, if it counts something and is possible. `path` is named if it is not. Says whether the record is returned.
    pub(crate) fn emit(&mut self, mut record: Record, path: &Path) -> bool {
        if record.tokens.is_zero() || !self.accept(&record, path) {
            return false;
        }
        make_acceptable(&mut record);
        if self.records.len() >= HELD_RECORDS && !self.records.contains_key(&record.id) {
            self.flush();
        }
        self.has_returned_anything = true;
        match self.records.entry(record.id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(record);
            }
            Entry::Occupied(mut entry) => {
                self.report.copies_merged += 1;
                entry.get_mut().merge(record);
            }
        }
        true
    }

    /// Whether a record is possible. The file of one that is ahead of the clock is read again, because it may be the clock that is wrong.
    fn accept(&mut self, record: &Record, path: &Path) -> bool {
        let Some(reason) = impossible(record, self.now) else { return true };
        self.refuse(path, reason);
        if record.timestamp > self.now && record.timestamp < self.now + CLOCK_ERROR {
            self.files_ahead.insert(path_key(path));
        }
        false
    }

    /// The id of a message: the one that was returned first, if the log was read while the message was written.
    pub(crate) fn settled_id(&mut self, message: u64, timestamp: Timestamp, id: String) -> String {
        let timestamp_ms = timestamp.milliseconds();
        let known = self.next.recent_ids.entry(message).or_insert(RecentId { id, timestamp_ms, is_new: true });
        (known.timestamp_ms, known.is_new) = (timestamp_ms, true);
        known.id.clone()
    }

    /// The same for a message that telemetry tells of too, by the id that the message would have now.
    pub(crate) fn settled_message_id(&mut self, message: u64, timestamp: Timestamp, id: &str) -> String {
        let settled = self.settled_id(message, timestamp, id.to_owned());
        if settled != id {
            self.settled_id(hash_64(id.as_bytes()), timestamp, settled.clone());
        }
        settled
    }

    /// The id of a message that an earlier line had, without remembering it for later ones.
    pub(crate) fn known_id(&self, message: u64) -> Option<String> {
        self.next.recent_ids.get(&message).map(|known| known.id.clone())
    }

    /// Whether a message is so young that its last line may follow.
    pub(crate) fn is_recent(&self, timestamp: Timestamp) -> bool {
        timestamp.0 >= self.now - IDS_REMEMBERED
    }

    /// Whether an earlier scan returned a record with this id.
    pub(crate) fn has_returned(&self, id: &str) -> bool {
        self.next.sent.get(&hash_64(id.as_bytes())).is_some_and(|sent| !sent.is_new)
    }

    /// Returns a record unless one that is as good was returned: for content that is read again after each change, and for copies.
    pub(crate) fn emit_changed(&mut self, record: Record, path: &Path) {
        self.emit_better(hash_64(record.id.as_bytes()), record, path);
    }

    /// Returns a record unless one that is as good was returned with this key.
    pub(crate) fn emit_better(&mut self, key: u64, record: Record, path: &Path) {
        if !self.accept(&record, path) {
            return;
        }
        let sent = SentResponse {
            timestamp_ms: Timestamp(record.timestamp).milliseconds(),
            output: saturated(record.tokens.output),
            total: record.tokens.total(),
            incomplete: record.incomplete,
            is_side_chain: false,
            is_new: true,
        };
        let rank = |sent: &SentResponse| (!sent.incomplete, sent.total);
        match self.next.sent.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(sent);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                if rank(known) >= rank(&sent) {
                    // An earlier copy of this scan may be better in something else.
                    if !known.is_new {
                        return;
                    }
                } else {
                    *known = sent;
                }
            }
        }
        self.emit(record, path);
    }
}

/// The output of a response as it is remembered.
pub(crate) fn saturated(output: u64) -> u32 {
    u32::try_from(output).unwrap_or(u32::MAX)
}
