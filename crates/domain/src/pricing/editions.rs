//! Keeps each process on the stored edition of the price book.

use std::sync::Arc;

use super::book::PriceBook;
use super::current::{CurrentBook, Edition};
use super::ports::StoredPrices;
use crate::deps::Deps;
use crate::error::StoreError;

/// Keeps the book in force in step with the stored prices. Cheap to clone.
#[derive(Clone)]
pub struct Editions {
    deps: Deps,
    prices: Arc<CurrentBook>,
}

impl Editions {
    /// Puts stored editions in force in `prices`.
    pub fn new(deps: Deps, prices: Arc<CurrentBook>) -> Self {
        Self { deps, prices }
    }

    /// The book in force and its edition.
    pub fn in_force(&self) -> (Edition, Arc<PriceBook>) {
        self.prices.get_edition()
    }

    /// Loads the stored edition unless it is in force; returns whether the book has changed. Without a change it is one small
    /// query. On an error the book in force stays.
    pub async fn follow(&self) -> Result<bool, StoreError> {
        if self.deps.reads().prices().edition().await? == self.in_force().0 {
            return Ok(false);
        }
        let StoredPrices { edition, rows, overrides } = self.deps.reads().prices().stored().await?;
        self.prices.replace(edition, PriceBook::shipped_with(rows).with_overrides(overrides));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::line;
    use super::super::ports::MockPriceReader;
    use super::*;
    use crate::testing::{TestReads, TestStore};
    use crate::usage::ModelName;

    fn deps(reader: MockPriceReader) -> Deps {
        TestStore::reading(TestReads { prices: reader, ..TestReads::default() }).deps()
    }

    #[test]
    fn editions_follow_reads_only_when_changed() {
        let mut reader = MockPriceReader::new();
        reader.expect_edition().times(3).returning(|| Ok(Edition(3)));
        reader.expect_stored().times(1).returning(|| {
            let rows = line::rows("glm-99 zai 2026-01-01 in=7 out=7").collect::<Result<_, _>>().expect("rows");
            Ok(StoredPrices { edition: Edition(3), rows, overrides: Vec::new() })
        });
        let prices = Arc::new(CurrentBook::shipped());
        let editions = Editions::new(deps(reader), Arc::clone(&prices));
        let changed: Vec<_> = (0..3).map(|_| pollster::block_on(editions.follow()).expect("it reads")).collect();
        assert_eq!(changed, [true, false, false]);
        assert_eq!(editions.in_force().0, Edition(3));
        assert!(prices.get().find(&ModelName::trusted("glm-99"), None).is_some());
    }

    #[test]
    fn editions_follow_failure_keeps_book() {
        let mut reader = MockPriceReader::new();
        reader.expect_edition().returning(|| Err(StoreError::Unavailable("gone".to_owned())));
        let prices = Arc::new(CurrentBook::shipped());
        assert!(pollster::block_on(Editions::new(deps(reader), Arc::clone(&prices)).follow()).is_err());
        assert!(prices.get().find(&ModelName::trusted("claude-sonnet-4-5"), None).is_some());
    }
}
