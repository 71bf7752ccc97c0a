//! Prints the output of commands.

use std::fmt::Display;
use std::io::Write;

/// Prints `line` to standard output. A closed pipe (`… | head`) is ignored, so that it stops no work.
pub fn print_line(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints `line` to standard error, for what is not a result of the command.
pub fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
