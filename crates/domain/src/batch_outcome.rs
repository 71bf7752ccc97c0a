//! The outcome of a batch over accounts, of which one may fail (I11).

use crate::error::StoreError;

/// The outcome so far. A failure does not stop the batch and is returned at the end.
#[derive(Debug, Default)]
pub(crate) struct BatchOutcome {
    done: u64,
    failure: Option<StoreError>,
}

impl BatchOutcome {
    /// Records the result for an account: whether something was done. Fails if the batch must stop, because the store is
    /// unavailable.
    pub(crate) fn record(&mut self, outcome: Result<bool, StoreError>) -> Result<(), StoreError> {
        match outcome {
            Ok(is_done) => self.done += u64::from(is_done),
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => {
                self.failure.get_or_insert(error);
            }
        }
        Ok(())
    }

    /// The number of accounts for which something was done, or the first failure.
    pub(crate) fn end(self) -> Result<u64, StoreError> {
        self.failure.map_or(Ok(self.done), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn internal(why: &str) -> Result<bool, StoreError> {
        Err(StoreError::Internal(why.to_owned()))
    }

    #[test]
    fn batch_outcome_counts_continues_after_failure_and_returns_first() {
        let mut round = BatchOutcome::default();
        for outcome in [Ok(true), Ok(false), Ok(true)] {
            round.record(outcome).expect("it goes on");
        }
        assert_eq!(round.end().expect("no failure"), 2);

        let mut round = BatchOutcome::default();
        for outcome in [Ok(true), internal("one"), Ok(true), internal("two")] {
            round.record(outcome).expect("it goes on");
        }
        assert!(matches!(round.end(), Err(StoreError::Internal(why)) if why == "one"));
    }

    #[test]
    fn batch_outcome_unavailable_store_ends_batch() {
        let mut round = BatchOutcome::default();
        let away = round.record(Err(StoreError::Unavailable("away".to_owned())));
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    }
}
