//! What commands print: text for people, or one JSON document for scripts.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use domain::text::grouped;
use serde::Serialize;

use crate::failure::{Failure, FailureKind};

/// The result of a command: serialised for `--json`, else written as text.
pub(crate) trait Report: Serialize {
    /// Writes the report for people.
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()>;
}

/// Where and how results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    is_json: bool,
    style: Style,
}

impl Output {
    pub(crate) fn new(is_json: bool) -> Self {
        let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        Self { is_json, style: Style { is_colored: is_wanted && io::stdout().is_terminal() } }
    }

    pub(crate) fn is_json(self) -> bool {
        self.is_json
    }

    /// Prints `report`.
    pub(crate) fn print(self, report: &impl Report) -> Result<(), Failure> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = if self.is_json {
            serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from).and_then(|()| writeln!(out))
        } else {
            report.write(&mut out, self.style)
        };
        finished(written.and_then(|()| out.flush()))
    }
}

/// `number` with separated thousands.
pub(crate) fn count(number: u64) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The result of writing to standard output. A reader that closes the pipe early, such as `head`, is no failure.
pub(crate) fn finished(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(FailureKind::Local, format!("writing the output failed: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells people on standard error what is going on. Scripts read only standard output.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Marks in text. They are empty unless a terminal shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style {
    is_colored: bool,
}

impl Style {
    pub(crate) fn bold(self, text: impl fmt::Display) -> String {
        self.marked("1", text)
    }

    pub(crate) fn dim(self, text: impl fmt::Display) -> String {
        self.marked("2", text)
    }

    pub(crate) fn good(self, text: impl fmt::Display) -> String {
        self.marked("32", text)
    }

    pub(crate) fn warning(self, text: impl fmt::Display) -> String {
        self.marked("33", text)
    }

    fn marked(self, code: &str, text: impl fmt::Display) -> String {
        if self.is_colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_marks_only_colored_output() {
        assert_eq!(Style { is_colored: false }.bold("x"), "x");
        assert_eq!(Style { is_colored: true }.bold("x"), "\x1b[1mx\x1b[0m");
    }
}
