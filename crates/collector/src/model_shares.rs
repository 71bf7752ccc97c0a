//! The growing total of a session, for tools that name only its current model.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Tokens;
use crate::response::{Response, emit};
use crate::scan::SourceScan;
use crate::state::path_key;

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

/// Emits what the current model had of the total in a file that was read, if it changed. The shares are saved with the file.
pub(crate) fn emit_session_total(scan: &mut SourceScan<'_>, path: &Path, mut total: Response) {
    let key = path_key(path);
    let known = scan.previous_files.get(&key).map(|known| known.context.clone());
    let mut shares: ModelShares = known.and_then(|known| serde_json::from_value(known).ok()).unwrap_or_default();
    let share = shares.changed_share(&total.model, total.tokens);
    if let (Some(state), Ok(context)) = (scan.next.files.get_mut(&key), serde_json::to_value(shares)) {
        state.context = context;
    }
    if let Some(share) = share {
        total.tokens = share;
        emit(scan, [total], path);
    }
}
