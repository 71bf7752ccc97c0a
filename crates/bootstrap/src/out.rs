//! What a program says to whoever runs it.

use std::fmt::Display;
use std::io::Write;

/// Prints `line`. Nobody has to listen to the end: a pipe that was closed (`… | head`) stops no work.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
