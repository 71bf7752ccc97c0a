//! The limits of an account: tokens, and names of models, tools, machines and projects.

use std::collections::{BTreeSet, HashSet};

use super::message::Model;
use super::names::{ProjectName, Source};

/// The most models of a request. Name and provider identify a model.
pub const MOST_MODELS_A_REQUEST: usize = 1_000;

/// The most models of an account.
pub const MOST_MODELS: usize = 5_000;

/// The most tools of an account.
pub const MOST_SOURCES: usize = 200;

/// The most machines of an account.
pub const MOST_MACHINES: usize = 1_000;

/// The most names of projects of an account. A message with a further one is stored without it.
pub const MOST_PROJECT_NAMES: usize = 1_000;

/// The names that are new to an account, and the number that it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameUse {
    /// The requested tools that are new to the account.
    pub new_sources: BTreeSet<Source>,
    /// The tools that it has.
    pub sources: usize,
    /// The requested models that are new to the account.
    pub new_models: BTreeSet<Model>,
    /// The models that it has.
    pub models: usize,
}

impl NameUse {
    /// Whether all requested tools fit.
    pub fn sources_fit(&self) -> bool {
        self.new_sources.is_empty() || self.sources + self.new_sources.len() <= MOST_SOURCES
    }

    /// Whether all requested models fit.
    pub fn models_fit(&self) -> bool {
        self.new_models.is_empty() || self.models + self.new_models.len() <= MOST_MODELS
    }
}

/// The remaining room of an account for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRoom {
    /// Tokens up to the lifetime limit.
    pub tokens: i64,
    pub names: NameUse,
    /// Whether the machine of the request is one of the account's.
    pub machine_fits: bool,
    /// The projects of the request that are projects of the account.
    pub projects: HashSet<ProjectName>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::{ModelName, Source};

    #[test]
    fn names_fit_up_to_limit_and_known_ones_always() {
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
