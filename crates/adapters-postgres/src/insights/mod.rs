//! Insights: benchmarks ([`benchmarks`]) and weekly summaries ([`weekly`]).

mod benchmarks;
mod weekly;
