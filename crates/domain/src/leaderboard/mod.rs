//! Leaderboards: ranks accounts by a measure over a period.
//!
//! A refresh ranks all accounts with usage at once, from daily roll-ups, and replaces the previous snapshot; readers use the
//! newest snapshot. Visibility is decided while reading, so hiding a profile takes effect on the next request and leaves a gap
//! in the ranks. A [`Season`] is the frozen ranking of a calendar month that has ended in every zone.
//!
//! [`ranking`] states the rules on plain values; the statements of a refresh are tested against it.

mod board;
mod error;
mod freshness;
mod history;
pub mod ports;
mod queue_refresh;
pub mod ranking;
mod season;
mod service;
#[cfg(test)]
mod service_tests;

pub use board::{
    Board, BoardEntry, BoardFilter, BoardKind, BoardQuery, BoardScope, BoardSlice, BoardVersion, Measure, RankPosition,
    Score, SortBy,
};
pub use error::LeaderboardError;
pub use freshness::BoardUpdates;
pub use history::{HistoryDays, RankedDay};
pub(crate) use queue_refresh::{REFRESH_DELAY, queue_refresh};
pub use season::{Season, SeasonBoard, SeasonEntry, SeasonMonth, TOP};
pub use service::{Leaderboard, RefreshReport};
