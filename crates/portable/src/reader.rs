//! Reads the lines of an export, and refuses incomplete and malformed files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead};

use serde::Deserialize;
use thiserror::Error;

use crate::lines::{EndLine, Line};
use crate::{FORMAT, VERSION};

/// The most bytes of a line, without its line break: far more than any line that an export writes.
pub const LONGEST_LINE: usize = 1 << 20;

/// The reason why a file is refused.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error("line {line}: {reason}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        reason: String,
    },
    #[error("line {line}, field `{field}`: {reason}")]
    Field {
        /// The number of the line, from 1.
        line: u64,
        field: String,
        reason: String,
    },
    /// The file ends before the line `end`. Has the number of the last line.
    #[error("the file was cut off after line {0}: the line `end` is missing")]
    CutOff(u64),
    /// The file cannot be read further. Has the number of the last line that was read.
    #[error("reading the file after line {0} failed: {1}")]
    Read(u64, #[source] io::Error),
}

/// Reads the lines of an export in order, and checks their types, their order and the counts of the last line.
#[derive(Debug)]
pub struct Reader<R> {
    text: R,
    line: Vec<u8>,
    number: u64,
    counts: BTreeMap<&'static str, u64>,
    has_ended: bool,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

impl<R: BufRead> Reader<R> {
    pub fn new(text: R) -> Self {
        Self { text, line: Vec::new(), number: 0, counts: BTreeMap::new(), has_ended: false }
    }

    /// The number of the last line that was read, from 1; 0 before the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line; `None` after the line `end`.
    pub fn next_line(&mut self) -> Result<Option<Line>, Refusal> {
        if !self.fill()? {
            return if self.has_ended { Ok(None) } else { Err(Refusal::CutOff(self.number)) };
        }
        self.number += 1;
        if self.has_ended {
            return Err(self.wrong("the file continues after the line `end`"));
        }
        let line = self.parse()?;
        match &line {
            Line::Manifest(manifest) if self.number == 1 => {
                if manifest.format != FORMAT {
                    return Err(self.wrong_field("format", format!("is not {FORMAT}")));
                }
                if manifest.version != VERSION {
                    let reason = format!("is {}, and this release reads version {VERSION}", manifest.version);
                    return Err(self.wrong_field("version", reason));
                }
            }
            Line::Account(_) if self.number == 2 => {}
            Line::Manifest(_) | Line::Account(_) => return Err(self.wrong(format!("a second `{}`", line.kind()))),
            _ if self.number == 1 => return Err(self.wrong("the first line is not `manifest`")),
            _ if self.number == 2 => return Err(self.wrong("the second line is not `account`")),
            Line::End(end) => {
                self.compare(end)?;
                self.has_ended = true;
            }
            _ => {}
        }
        *self.counts.entry(line.kind()).or_default() += 1;
        Ok(Some(line))
    }

    /// Refuses the last line that was read.
    pub fn wrong(&self, reason: impl Into<String>) -> Refusal {
        Refusal::Line { line: self.number, reason: reason.into() }
    }

    /// Refuses a field of the last line that was read.
    pub fn wrong_field(&self, field: impl Into<String>, reason: impl Into<String>) -> Refusal {
        Refusal::Field { line: self.number, field: field.into(), reason: reason.into() }
    }

    /// Reads the next line, which may be empty, without its line break; returns false at the end of the file.
    fn fill(&mut self) -> Result<bool, Refusal> {
        self.line.clear();
        loop {
            let read = match self.text.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Refusal::Read(self.number, error)),
            };
            let (piece, used, is_whole) = match read.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&read[..end], end + 1, true),
                None => (read, read.len(), read.is_empty()),
            };
            if self.line.len() + piece.len() > LONGEST_LINE {
                let reason = format!("is longer than {LONGEST_LINE} bytes");
                return Err(Refusal::Line { line: self.number + 1, reason });
            }
            self.line.extend_from_slice(piece);
            self.text.consume(used);
            if is_whole {
                return Ok(used > 0 || !self.line.is_empty());
            }
        }
    }

    fn parse(&self) -> Result<Line, Refusal> {
        let text = std::str::from_utf8(&self.line).map_err(|_| self.wrong("is not UTF-8"))?;
        let Kind { kind } = serde_json::from_str(text).map_err(|error| self.explain(text, &error))?;
        match Line::read(&kind, text) {
            Some(Ok(line)) => Ok(line),
            Some(Err(error)) => Err(self.explain(text, &error)),
            None => Err(self.wrong_field("type", format!("{kind:?} is not a type that this release knows"))),
        }
    }

    /// The error of serde as a refusal: with its field, and without its position, which counts lines within the line.
    fn explain(&self, text: &str, error: &serde_json::Error) -> Refusal {
        let message = error.to_string();
        let reason = message.split_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
        match field_at(text, error.column()).filter(|_| error.is_data() && !reason.starts_with("missing field")) {
            Some(field) => self.wrong_field(field, reason),
            None => self.wrong(reason),
        }
    }

    fn compare(&self, end: &EndLine) -> Result<(), Refusal> {
        let counted: BTreeMap<&str, u64> = end.counts.iter().map(|(kind, count)| (&**kind, *count)).collect();
        let kinds = self.counts.keys().copied().chain(counted.keys().copied());
        let of = |counts: &BTreeMap<&str, u64>, kind: &str| counts.get(kind).copied().unwrap_or(0);
        let read: BTreeMap<&str, u64> = self.counts.iter().map(|(kind, count)| (*kind, *count)).collect();
        match kinds.into_iter().find(|kind| of(&counted, kind) != of(&read, kind)) {
            Some(kind) => {
                let (stated, found) = (of(&counted, kind), of(&read, kind));
                Err(self
                    .wrong_field("counts", format!("the file has {found} lines of the type `{kind}`, not {stated}")))
            }
            None => Ok(()),
        }
    }
}

/// The last field of the outermost object in `text` that begins before `column`, which counts bytes from 1.
fn field_at(text: &str, column: usize) -> Option<String> {
    let bytes = &text.as_bytes()[..column.min(text.len())];
    let (mut depth, mut name, mut at) = (0, None, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let start = at + 1;
                at = start;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let is_name = bytes.get(at + 1..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
                if depth == 1 && is_name {
                    name = bytes.get(start..at).map(|name| String::from_utf8_lossy(name).into_owned());
                }
            }
            _ => {}
        }
        at += 1;
    }
    name
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
