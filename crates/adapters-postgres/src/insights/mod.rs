//! Insights: benchmarks ([`benchmarks`]), and which weeks were summed up for whom ([`weekly`]).

mod benchmarks;
mod weekly;
