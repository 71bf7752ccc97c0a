//! Insights: comparisons of an account with all others, and the summary of each week.
//!
//! A [`Benchmark`] describes the usage of all accounts in a period and is computed every hour. Private accounts count, since it
//! reveals nothing about a single one. A [`Comparison`] sets an account's current figures beside it and describes what stands
//! out.

mod advice;
mod benchmark;
mod comparison;
mod error;
mod observations;
pub mod ports;
mod service;
#[cfg(test)]
mod service_tests;
mod summaries;
mod summary;

pub use advice::Recommendation;
pub use benchmark::{Benchmark, Cut, MIN_PERCENTILE_ACCOUNTS, Measure, Spread};
pub use comparison::{Comparison, OwnFigures};
pub use error::InsightError;
pub use observations::{Insight, Sentiment, Topic};
pub use service::Insights;
pub use summaries::WeeklySummaries;
pub use summary::WeeklySummary;
