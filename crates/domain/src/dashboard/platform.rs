//! The totals of the instance. The worker computes them hourly; live figures would reveal the actions of single users.

use super::views::PlatformTotals;
use crate::deps::Deps;
use crate::error::StoreError;

/// Computes the totals of the instance.
#[derive(Clone)]
pub struct PlatformFigures {
    deps: Deps,
}

impl PlatformFigures {
    pub fn new(deps: Deps) -> Self {
        Self { deps }
    }

    /// Computes, stores and returns the totals.
    pub async fn refresh(&self) -> Result<PlatformTotals, StoreError> {
        let mut tx = self.deps.begin().await?;
        let totals = tx.platform().refresh(self.deps.now()).await?;
        tx.commit().await?;
        Ok(totals)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pollster::block_on;

    use super::*;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::NOW;

    #[test]
    fn platform_totals_are_stored_as_of_now() {
        let commits = Arc::new(AtomicUsize::new(0));
        let counted = commits.clone();
        let totals = PlatformTotals { tokens: 7, users: 3, tools: 1 };
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: counted.clone(), ..TestUnitOfWork::default() };
            tx.platform.expect_refresh().withf(|now| *now == NOW).returning(move |_| Ok(totals));
            tx
        });
        let figures = PlatformFigures::new(store.deps());
        assert_eq!(block_on(figures.refresh()).expect("figures"), totals);
        assert_eq!(commits.load(Ordering::SeqCst), 1);
    }
}
