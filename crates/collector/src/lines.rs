//! New lines of files: read in parallel and in rounds, so that what is found in them takes bounded memory.

use std::borrow::Cow;
use std::collections::VecDeque;

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files::FileEntry;
use crate::jsonl::{self, Line};
use crate::report::LISTED_PROBLEMS;
use crate::scan::SourceScan;
use crate::state::{FileState, path_key};

/// Bytes of lines that are read at once: what is found in them is in memory until it is returned. Small in tests, so that they read files in
/// pieces.
const ROUND: u64 = if cfg!(test) { 1 << 10 } else { 64 << 20 };

/// Understands the lines of a file, one after the other. It is saved with the position in the file, so a later scan continues with what
/// is known by then, such as the current model.
pub(crate) trait LineParser: Serialize + DeserializeOwned + Send {
    type Item: Send;

    /// Adds what the line says. An error is the reason why the line is bad, without its content.
    fn line(&mut self, line: &[u8], items: &mut Vec<Self::Item>) -> Result<(), String>;
}

/// New lines of a file: all of them, unless it is large.
pub(crate) struct ParsedLines<'a, P: LineParser> {
    pub(crate) entry: &'a FileEntry,
    /// What is known after the lines. Changes are saved.
    pub(crate) parser: &'a mut P,
    pub(crate) items: Vec<P::Item>,
}

impl SourceScan<'_> {
    /// Reads the new lines of the files that changed, and calls `on_lines` with them in the order of the files. Files are read in parallel, in
    /// rounds. A large file takes several rounds, and later files wait for its end.
    pub(crate) fn read_jsonl<P: LineParser>(
        &mut self,
        files: Vec<FileEntry>,
        new_parser: impl Fn(&FileEntry) -> P + Sync,
        mut on_lines: impl FnMut(&mut Self, ParsedLines<'_, P>),
    ) {
        let mut waiting: VecDeque<_> =
            self.changed(files).into_iter().map(|entry| Reading { entry, read: None }).collect();
        while !waiting.is_empty() {
            let (round, limit) = next_round(&mut waiting);
            let previous_files = &self.previous_files;
            let read: Vec<_> = round
                .into_par_iter()
                .map(|Reading { entry, read }| {
                    let result = if let Some((state, parser)) = read {
                        read_one(&entry, Some(&state), Some(parser), limit, &new_parser)
                    } else {
                        let known = previous_files.get(&path_key(&entry.path));
                        // A context of another shape cannot be continued.
                        let parser = known.and_then(|known| P::deserialize(&known.context).ok());
                        read_one(&entry, known, parser, limit, &new_parser)
                    };
                    (entry, result)
                })
                .collect();
            for (entry, result) in read {
                match result {
                    Ok(read) => {
                        let is_end = read.is_end;
                        let (state, parser) = self.take_lines(&entry, read, &mut on_lines);
                        if !is_end {
                            // Only the last file of a round is cut.
                            waiting.push_front(Reading { entry, read: Some((state, parser)) });
                        }
                    }
                    Err(reason) => self.unreadable(&entry.path, reason),
                }
            }
        }
    }

    fn take_lines<P: LineParser>(
        &mut self,
        entry: &FileEntry,
        read: ReadLines<P>,
        on_lines: &mut impl FnMut(&mut Self, ParsedLines<'_, P>),
    ) -> (FileState, P) {
        let ReadLines { mut parser, items, mut state, is_end, lines, bytes, problems, problem_count } = read;
        self.report.files_read += u64::from(is_end);
        self.report.lines_read += lines;
        self.report.bytes_read += bytes;
        self.report.problem_count += problem_count - problems.len() as u64;
        for (line, reason) in problems {
            self.bad_line(&entry.path, line, reason);
        }
        let position = state.clone();
        state.stamp = entry.stamp;
        let key = path_key(&entry.path);
        self.next.files.insert(key.clone(), state);
        on_lines(self, ParsedLines { entry, parser: &mut parser, items });
        match serde_json::to_value(&parser) {
            // A position that `on_lines` gave up has no context.
            Ok(context) => {
                let state = self.next.files.get_mut(&key).filter(|state| state.offset == position.offset);
                if let Some(state) = state {
                    state.context = context;
                }
            }
            // Without a position the file is read again.
            Err(error) => {
                self.next.files.remove(&key);
                self.unread(&entry.path, format!("the position cannot be saved: {error}"));
            }
        }
        (position, parser)
    }
}

/// Parses a line. Output of programs is logged as it came, so a line may not be UTF-8; its counts are.
pub(crate) fn parse_line<P: LineParser>(parser: &mut P, line: &[u8], items: &mut Vec<P::Item>) -> Result<(), String> {
    match parser.line(line, items) {
        Err(reason) => match String::from_utf8_lossy(line) {
            Cow::Owned(mended) => parser.line(mended.as_bytes(), items),
            Cow::Borrowed(_) => Err(reason),
        },
        Ok(()) => Ok(()),
    }
}

/// A file that is read, and how far it was in earlier rounds.
struct Reading<P> {
    entry: FileEntry,
    read: Option<(FileState, P)>,
}

/// The files of the next round, and how many bytes are read of each at most. A file that is larger than a round is alone in it.
fn next_round<P>(waiting: &mut VecDeque<Reading<P>>) -> (Vec<Reading<P>>, u64) {
    let mut round = Vec::new();
    let mut size: u64 = 0;
    while let Some(reading) = waiting.pop_front() {
        size = size.saturating_add(reading.entry.stamp.size);
        if size > ROUND && !round.is_empty() {
            waiting.push_front(reading);
            break;
        }
        round.push(reading);
    }
    (round, ROUND)
}

struct ReadLines<P: LineParser> {
    parser: P,
    items: Vec<P::Item>,
    state: FileState,
    is_end: bool,
    lines: u64,
    bytes: u64,
    problems: Vec<(u64, String)>,
    problem_count: u64,
}

/// Reads what follows `known` with the parser that knows what was before, or everything with a new one.
fn read_one<P: LineParser>(
    entry: &FileEntry,
    known: Option<&FileState>,
    mut continued_parser: Option<P>,
    limit: u64,
    new_parser: impl Fn(&FileEntry) -> P,
) -> Result<ReadLines<P>, String> {
    let known = known.filter(|_| continued_parser.is_some());
    let (mut items, mut problems, mut problem_count) = (Vec::new(), Vec::new(), 0);
    let (parser, state, consumed) = jsonl::read_file(
        &entry.path,
        known,
        limit,
        |continued| continued.and_then(|_| continued_parser.take()).unwrap_or_else(|| new_parser(entry)),
        |parser, line, number| {
            let result = match line {
                Line::Text(text) => parse_line(parser, text, &mut items),
                Line::TooLong => Err("line longer than 64 MiB".to_owned()),
            };
            if let Err(reason) = result {
                problem_count += 1;
                if problems.len() < LISTED_PROBLEMS {
                    problems.push((number, reason));
                }
            }
        },
    )
    .map_err(|error| error.kind().to_string())?;
    let jsonl::Consumed { bytes, lines, is_end } = consumed;
    Ok(ReadLines { parser, items, state, is_end, lines, bytes, problems, problem_count })
}
