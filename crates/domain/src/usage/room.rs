//! What an account has room for: tokens, and names of models, tools and machines.

use std::collections::BTreeSet;

use super::message::Model;
use super::names::Source;

/// How many models one request may name. A model is one by its name and its provider.
pub const MOST_MODELS_A_REQUEST: usize = 1_000;

/// How many models the messages of one account may name.
pub const MOST_MODELS: usize = 5_000;

/// How many tools the messages of one account may come from.
pub const MOST_SOURCES: usize = 200;

/// How many machines one account may have.
pub const MOST_MACHINES: usize = 1_000;

/// Which names an account has not used before, and how many it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameUse {
    /// Those of the tools in question that are new to the account.
    pub new_sources: BTreeSet<Source>,
    /// How many tools it has.
    pub sources: usize,
    /// Those of the models in question that are new to the account.
    pub new_models: BTreeSet<Model>,
    /// How many models it has.
    pub models: usize,
}

impl NameUse {
    /// Whether all of the tools in question fit.
    pub fn sources_fit(&self) -> bool {
        self.new_sources.is_empty() || self.sources + self.new_sources.len() <= MOST_SOURCES
    }

    /// Whether all of the models in question fit.
    pub fn models_fit(&self) -> bool {
        self.new_models.is_empty() || self.models + self.new_models.len() <= MOST_MODELS
    }
}

/// What an account has room for when a request comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// How many more tokens.
    pub tokens: i64,
    /// The names of the request.
    pub names: NameUse,
    /// Whether the machine of the request is among its machines.
    pub machine_fits: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::{ModelName, Source};

    #[test]
    fn names_fit_up_to_the_bound_and_known_ones_always() {
        let sources = |new: usize| (0..new).map(|n| Source::trusted(format!("tool-{n}"))).collect();
        let model = |n: usize| Model { name: ModelName::trusted(format!("model-{n}")), provider: None };
        let models = |new: usize| (0..new).map(model).collect();
        for (name, names, expected) in [
            ("nothing new", NameUse { sources: MOST_SOURCES, models: MOST_MODELS, ..NameUse::default() }, (true, true)),
            (
                "more than the bound, and nothing new",
                NameUse { sources: 999, models: 9_999, ..NameUse::default() },
                (true, true),
            ),
            (
                "the last",
                NameUse { new_sources: sources(1), sources: 199, new_models: models(2), models: 4_998 },
                (true, true),
            ),
            (
                "one more",
                NameUse { new_sources: sources(1), sources: 200, new_models: models(2), models: 4_999 },
                (false, false),
            ),
        ] {
            assert_eq!((names.sources_fit(), names.models_fit()), expected, "{name}");
        }
    }
}
