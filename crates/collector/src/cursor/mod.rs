//! Cursor: the usage events of the account, as its web page exports them. The program itself stores no token counts.
//!
//! The export is a file that the user asks for, so it is read only from directories that the user names.

use std::collections::HashMap;
use std::path::PathBuf;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::content::{Timestamp, model_name, nano_usd};
use crate::files::has_extension;
use crate::fingerprint::hash_id;
use crate::reader::Reader;
use crate::response::{Response, emit};
use crate::scan::SourceScan;
use crate::{Environment, Tokens};

#[cfg(test)]
mod tests;

pub(crate) struct Cursor;

impl Reader for Cursor {
    fn source(&self) -> &'static str {
        "cursor"
    }

    fn parser_version(&self) -> u16 {
        1
    }

    fn roots(&self, _environment: &Environment) -> Vec<PathBuf> {
        Vec::new()
    }

    fn read(&self, scan: &mut SourceScan<'_>) {
        let exports = scan.find(|path| has_extension(path, "csv"));
        scan.read_documents(
            exports,
            |_, content| Ok(parse(content)),
            |scan, entry, export| {
                scan.report.not_calls += export.without_tokens;
                for (line, reason) in export.problems {
                    scan.bad_line(&entry.path, line, reason);
                }
                emit(scan, export.responses, &entry.path);
            },
        );
    }
}

/// What an export says.
#[derive(Default)]
struct Export {
    responses: Vec<Response>,
    /// Events without tokens, such as errors.
    without_tokens: u64,
    /// Lines that were not understood, and why.
    problems: Vec<(u64, String)>,
}

/// The places of the columns. Newer exports have more of them, in another order.
struct Columns {
    date: usize,
    model: usize,
    kind: Option<usize>,
    input_with_writes: usize,
    input: usize,
    cache_read: usize,
    output: usize,
    cost: Option<usize>,
}

impl Columns {
    /// `None` if this is no export of usage events.
    fn find(header: &StringRecord) -> Option<Self> {
        let place = |name: &str| header.iter().position(|column| column == name);
        Some(Self {
            date: place("Date")?,
            model: place("Model")?,
            kind: place("Kind"),
            input_with_writes: place("Input (w/ Cache Write)")?,
            input: place("Input (w/o Cache Write)")?,
            cache_read: place("Cache Read")?,
            output: place("Output Tokens")?,
            cost: place("Cost"),
        })
    }
}

/// Reads an export; other files of this form are empty. Equal rows are events of their own, so they are told apart by their number.
fn parse(content: &[u8]) -> Export {
    let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(content);
    let mut export = Export::default();
    let Some(columns) = reader.headers().ok().and_then(Columns::find) else { return export };
    let mut seen = HashMap::<String, u32>::new();
    for row in reader.records() {
        let line = match &row {
            Ok(row) => row.position().map_or(0, csv::Position::line),
            Err(error) => error.position().map_or(0, csv::Position::line),
        };
        match row.map_err(|_| "not valid CSV".to_owned()).and_then(|row| event(&columns, &row)) {
            Ok(Some(mut response)) => {
                let number = seen.entry(response.id.clone()).or_default();
                *number += 1;
                response.id = format!("{}#{number}", response.id);
                export.responses.push(response);
            }
            Ok(None) => export.without_tokens += 1,
            Err(reason) => export.problems.push((line, reason)),
        }
    }
    export
}

/// The event of a row, with an id that equal rows share; `None` without tokens.
fn event(columns: &Columns, row: &StringRecord) -> Result<Option<Response>, String> {
    let text = |place: usize| row.get(place).ok_or_else(|| "too few columns".to_owned());
    let count = |place: usize| match text(place)? {
        "" | "-" => Ok(0),
        number => number.parse::<u64>().map_err(|_| "a count is not a number".to_owned()),
    };
    let timestamp = Timestamp::parse(text(columns.date)?).ok_or("no timestamp")?;
    let model = text(columns.model)?;
    let kind = columns.kind.map_or(Ok(""), text)?;
    let (with_writes, input) = (count(columns.input_with_writes)?, count(columns.input)?);
    let tokens = Tokens {
        input,
        cache_read: count(columns.cache_read)?,
        cache_write: with_writes.checked_sub(input).ok_or("less input with cache writes than without")?,
        output: count(columns.output)?,
        ..Tokens::default()
    };
    if tokens == Tokens::default() {
        return Ok(None);
    }
    let id =
        hash_id(&[&timestamp.milliseconds(), &model, &kind, &with_writes, &input, &tokens.cache_read, &tokens.output]);
    let mut response = Response::new(id, timestamp, model_name(Some(model)), tokens);
    // `Included` and `-` are no costs.
    let cost = columns.cost.map(text).transpose()?.and_then(|cost| cost.strip_prefix('$')?.parse().ok());
    response.cost_nanousd = nano_usd(cost);
    Ok(Some(response))
}
