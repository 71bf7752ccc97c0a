//! The growing total of a session, for tools that name only its current model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Tokens;

/// What each model had of a session's total. The total goes on when the model is switched, so it is not the new model's alone.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ModelShares(BTreeMap<String, Tokens>);

impl ModelShares {
    /// The share of the current model: the total without what the others had. `None` if it has not changed.
    pub(crate) fn changed_share(&mut self, model: &str, total: Tokens) -> Option<Tokens> {
        let others = self.0.iter().filter(|(other, _)| *other != model);
        let share = others.fold(total, |rest, (_, tokens)| Tokens {
            input: rest.input.saturating_sub(tokens.input),
            cache_read: rest.cache_read.saturating_sub(tokens.cache_read),
            cache_write: rest.cache_write.saturating_sub(tokens.cache_write),
            cache_write_1h: rest.cache_write_1h.saturating_sub(tokens.cache_write_1h),
            output: rest.output.saturating_sub(tokens.output),
            reasoning: rest.reasoning.saturating_sub(tokens.reasoning),
        });
        (self.0.insert(model.to_owned(), share) != Some(share)).then_some(share)
    }
}
