//! What commands print: text for people, or one JSON document for scripts.
//!
//! Texts of servers and logs, and paths, can have characters that a terminal obeys. Everything that is printed passes through this module, which
//! removes them: a call of `write!` or `writeln!` prints one line at most.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use domain::display::{cleaned_paragraphs, has_refused};
use domain::text::grouped;
use serde::Serialize;

use crate::failure::{Failure, FailureKind};
use crate::random;

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
        let is_colored = is_wanted && io::stdout().is_terminal();
        Self { is_json, style: Style { key: is_colored.then(random::number) } }
    }

    pub(crate) fn is_json(self) -> bool {
        self.is_json
    }

    /// Prints `report`.
    pub(crate) fn print(self, report: &impl Report) -> Result<(), Failure> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = if self.is_json {
            serde_json::to_string_pretty(report)
                .map_err(io::Error::from)
                .and_then(|json| writeln!(out, "{}", harmless_json(&json)))
        } else {
            report.write(&mut LineWriter { out: &mut out, style: self.style }, self.style)
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
    let _ = writeln!(io::stderr(), "{}", cleaned_line(&text.to_string()));
}

/// `text` in one line, without characters that change, hide or reorder the text around them.
fn cleaned_line(text: &str) -> String {
    cleaned_paragraphs(&text.replace(['\n', '\r', '\t'], " "))
}

/// `json` with such characters escaped. The serialiser escapes only those of ASCII, and not all of them.
pub(crate) fn harmless_json(json: &str) -> String {
    let mut harmless = String::with_capacity(json.len());
    for character in json.chars() {
        if character > '~' && has_refused(character.encode_utf8(&mut [0; 4])) {
            let units = &mut [0; 2];
            harmless.extend(character.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            harmless.push(character);
        }
    }
    harmless
}

/// Cleans what is written to `out`.
struct LineWriter<W> {
    out: W,
    style: Style,
}

impl<W: Write> Write for LineWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_fmt(format_args!("{}", String::from_utf8_lossy(bytes)))?;
        Ok(bytes.len())
    }

    /// `write!` and `writeln!` call this. A line break at the end is that of `writeln!`; others come from an argument.
    fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        let text = text.to_string();
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        self.out.write_all(self.style.shown(line).as_bytes())?;
        self.out.write_all(end.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Marks in text. They are empty unless a terminal shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Style {
    /// Distinguishes marks from the same sequences in a text from elsewhere: a mark has the key until it is printed.
    key: Option<u64>,
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
        match self.key {
            Some(key) => format!("\x1b{key:016x}[{code}m{text}\x1b{key:016x}[0m"),
            None => text.to_string(),
        }
    }

    /// `line` as it is printed: cleaned, with the escape sequences of its marks.
    fn shown(self, line: &str) -> String {
        let Some(key) = self.key else { return cleaned_line(line) };
        let mark = format!("\x1b{key:016x}");
        let mut parts = line.split(&mark);
        let first = cleaned_line(parts.next().unwrap_or_default());
        parts.fold(first, |shown, part| shown + "\x1b" + &cleaned_line(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed for a line in bold with a text from elsewhere after it.
    fn printed(style: Style, text: &str) -> String {
        let mut out = Vec::new();
        let mut writer = LineWriter { out: &mut out, style };
        writeln!(writer, "  {}: {text}", style.bold("x")).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn printed_text_has_marks_of_style_only() {
        let (plain, colored) = (Style::default(), Style { key: Some(7) });
        for (name, style, text, expected) in [
            ("plain", plain, "y", "  x: y\n"),
            ("colored", colored, "y", "  \x1b[1mx\x1b[0m: y\n"),
            ("escape sequences", colored, "\x1b[2J\x1b]0;t\x07\u{9b}1m", "  \x1b[1mx\x1b[0m: [2J]0;t1m\n"),
            ("more lines", plain, "a\n  b\r\nc\n", "  x: a   b  c \n"),
            ("order of characters", plain, "a\u{202e}b", "  x: ab\n"),
            ("letters", plain, "é \u{1F469}\u{200D}\u{1F4BB}", "  x: é \u{1F469}\u{200D}\u{1F4BB}\n"),
        ] {
            assert_eq!(printed(style, text), expected, "{name}");
        }
    }

    #[test]
    fn json_escapes_what_terminals_obey() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{e0001}é\n\x1b";
        let json = harmless_json(&serde_json::to_string(text).expect("JSON"));
        assert_eq!(json, r#""a\u007f\u009b\u202e\udb40\udc01é\n\u001b""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
