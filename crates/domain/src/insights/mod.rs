//! How people do: what last week came to, told to each on Monday morning.

pub mod ports;
mod summaries;
mod summary;

pub use summaries::WeeklySummaries;
pub use summary::WeeklySummary;
