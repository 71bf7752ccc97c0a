//! How people do: beside everybody else, at any time, and what last week came to, told to each on Monday morning.
//!
//! A [`Benchmark`] is what the community came to in a period, computed every hour over everybody with usage in it; private people
//! count, because nothing of one person shows. A [`Comparison`] puts somebody's own figures of this moment beside it, and
//! says in plain words what stands out.

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
pub use benchmark::{Benchmark, Cut, FLOOR, Measure, Spread};
pub use comparison::{Comparison, Own};
pub use error::InsightError;
pub use observations::{Insight, Sentiment, Topic};
pub use service::Insights;
pub use summaries::WeeklySummaries;
pub use summary::WeeklySummary;
