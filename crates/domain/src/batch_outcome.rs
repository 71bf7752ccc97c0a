//! A round over many people, of whom one may fail.

use crate::error::StoreError;

/// What a round came to so far. A failure with one keeps nobody else from theirs, and is told in the end.
#[derive(Debug, Default)]
pub(crate) struct BatchOutcome {
    done: u64,
    failure: Option<StoreError>,
}

impl BatchOutcome {
    /// Records the outcome for one account: whether something was done. Fails where the round is over, because the store is
    /// unavailable to all.
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

    /// With how many there was something to be done, or the first failure.
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
    fn a_round_counts_what_was_done_goes_on_after_a_failure_and_tells_the_first() {
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
    fn a_store_that_is_away_ends_the_round() {
        let mut round = BatchOutcome::default();
        let away = round.record(Err(StoreError::Unavailable("away".to_owned())));
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    }
}
