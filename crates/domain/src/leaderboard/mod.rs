//! Leaderboards: who used most, over which time and by which measure.
//!
//! A refresh ranks everybody with usage at once, from daily roll-ups, and puts the result in the place of the one before; what
//! is read in between is the snapshot of the last refresh. Whom boards show is asked when they are read, so whoever hides
//! is gone at once and leaves a gap. A [`Season`] is a calendar month that is over everywhere; it is frozen once.
//!
//! [`ranking`] says the rules on plain values; the statements of a refresh are tested against it.

mod asking;
mod board;
mod error;
mod freshness;
mod history;
pub mod ports;
pub mod ranking;
mod season;
mod service;
#[cfg(test)]
mod service_tests;

pub(crate) use asking::{GATHERED, ask_for_refresh};
pub use board::{Board, BoardKind, BoardQuery, Entry, Filter, Measure, Part, RankPosition, Scope, Score, SortBy};
pub use error::LeaderboardError;
pub use freshness::BoardUpdates;
pub use history::{HistoryDays, KEPT_DAYS, RankedDay};
pub use season::{Season, SeasonBoard, SeasonEntry, SeasonMonth, TOP};
pub use service::{Leaderboard, Refreshed};
