//! Prints the output of commands.

use std::fmt::Display;
use std::io::Write;

/// Prints `line` to standard output. A closed pipe (`… | head`) is ignored, so that it stops no work.
pub fn print_line(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
