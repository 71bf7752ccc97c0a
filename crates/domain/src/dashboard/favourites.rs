//! The models and tools that a user spends most on.

use crate::money::Usd;
use crate::usage::{ModelName, Source};

/// The models and tools with the highest cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Favourites {
    /// The models, the highest cost first.
    pub models: Vec<Favourite<ModelName>>,
    /// The tools, the highest cost first.
    pub sources: Vec<Favourite<Source>>,
}

/// A model or a tool with its sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Favourite<T> {
    pub what: T,
    /// All tokens.
    pub tokens: i64,
    pub cost: Usd,
}
