//! Reads the usage that coding tools log on this machine, as one [`Record`] per billed model response.
//!
//! [`scan`] asks every [`Reader`] for its roots, reads what changed since the last [`State`], hands over records while it reads, and returns
//! the next state and a report per source. The crate knows no server and no clock: time, home directory and variables are parameters.
//!
//! - A record may be returned again by a later scan, when its response finished or its file was rewritten. Records are keyed by
//!   (source, id); of two copies the one that [`supersedes`](Record::supersedes) the other is kept, by [`Record::merge`].
//! - Losing the state costs reading everything again. It changes no total, because ids depend on content; the exceptions are in
//!   `docs/COLLECTOR.md`.
//! - A line that cannot be read is a [`Problem`] of its source's report, never an error of the scan.
//!
//! `docs/COLLECTOR.md` lists what is read from where, and how to add a reader.

mod accept;
mod amp;
mod archive;
mod claude;
mod cline;
mod codex;
mod content;
mod copilot;
mod cursor;
mod droid;
mod environment;
mod files;
mod fingerprint;
mod gemini;
mod goose;
mod grok;
mod interner;
mod jsonl;
mod kimi;
mod lines;
mod model_shares;
mod mux;
mod opencode;
mod otlp;
mod pi;
mod project;
mod qwen;
mod reader;
mod readers;
mod record;
mod report;
mod response;
mod scan;
mod sqlite;
mod state;
mod vibe;
mod wsl;
mod zed;

#[cfg(test)]
mod interruption_tests;
#[cfg(test)]
mod testing;

pub use environment::{Environment, Platform};
pub use otlp::TELEMETRY;
pub use reader::{NO_TOKEN_DATA, NoTokenData, Reader, Retention, Root};
pub use readers::{readers, scan};
pub use record::{DayTotal, Record, SessionTotal, Tokens};
pub use report::{OnRecords, Problem, ProblemKind, Scan, ScanOptions, SourceReport};
pub use state::State;
