//! The price book of a process: loaded at the start, and replaced when the stored edition changes.

use std::sync::Arc;
use std::time::Duration;

use domain::deps::Deps;
use domain::pricing::{CurrentBook, Editions};
use metrics::{describe_gauge, gauge};
use tokio::task::JoinHandle;

/// How often a process checks for a new edition, and how often until the first check succeeds.
const POLL_INTERVAL: Duration = Duration::from_secs(30);
const FIRST_POLL_INTERVAL: Duration = Duration::from_secs(1);

const EDITION_METRIC: &str = "burntop_price_book_edition";

/// Describes the metric of a [`Followed`] book.
pub fn describe_metrics() {
    describe_gauge!(EDITION_METRIC, "The edition of the price book that this process uses; 0 is the shipped book");
}

/// The shipped book, without stored prices.
pub fn shipped() -> Arc<CurrentBook> {
    Arc::new(CurrentBook::shipped())
}

/// A task that keeps a book current with the database. It ends when this value is dropped.
pub struct PriceBookFollower {
    prices: Arc<CurrentBook>,
    task: JoinHandle<()>,
}

impl PriceBookFollower {
    /// Loads the stored edition, and follows changes on the current runtime. Until it can be read the shipped book is in force.
    pub async fn start(deps: Deps) -> Self {
        Self::every(POLL_INTERVAL, FIRST_POLL_INTERVAL, deps).await
    }

    async fn every(pause: Duration, at_first: Duration, deps: Deps) -> Self {
        let prices = shipped();
        let editions = Editions::new(deps, Arc::clone(&prices));
        let mut known = follow(&editions).await;
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(if known { pause } else { at_first }).await;
                known |= follow(&editions).await;
            }
        });
        Self { prices, task }
    }

    pub fn book(&self) -> Arc<CurrentBook> {
        Arc::clone(&self.prices)
    }
}

impl Drop for PriceBookFollower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Checks for a new edition once; returns whether the stored edition could be read.
async fn follow(editions: &Editions) -> bool {
    let followed = editions.follow().await;
    let edition = editions.in_force().0.0;
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    gauge!(EDITION_METRIC).set(edition as f64);
    match followed {
        Ok(true) => tracing::info!(edition, "price book replaced"),
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(%error, "reading prices failed; the price book in force stays");
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use domain::error::StoreError;
    use domain::pricing::ports::{MockPriceReader, StoredPrices};
    use domain::pricing::{Edition, line};
    use domain::testing::{TestReads, TestStore};
    use domain::usage::ModelName;

    use super::*;

    #[tokio::test]
    async fn price_book_follows_stored_edition_once_readable() {
        const READ_FAILS: i64 = -1;
        let stored = Arc::new(AtomicI64::new(READ_FAILS));
        let (edition_source, read) = (Arc::clone(&stored), Arc::clone(&stored));
        let mut reader = MockPriceReader::new();
        reader.expect_edition().returning(move || match edition_source.load(Ordering::SeqCst) {
            READ_FAILS => Err(StoreError::Unavailable("unreachable".to_owned())),
            edition => Ok(Edition(edition)),
        });
        reader.expect_stored().returning(move || {
            let edition = read.load(Ordering::SeqCst);
            let rows = line::rows(&format!("edition-{edition} x 2026-01-01 in=1 out=1")).collect::<Result<_, _>>();
            Ok(StoredPrices { edition: Edition(edition), rows: rows.expect("a row"), overrides: Vec::new() })
        });
        let often = Duration::from_millis(1);
        let deps = TestStore::reading(TestReads { prices: reader, ..TestReads::default() }).deps();
        let followed = PriceBookFollower::every(often, often, deps).await;
        let knows = |model: &str| followed.book().get().find(&ModelName::trusted(model), None).is_some();
        assert!(knows("claude-sonnet-4-5") && !knows("edition-1"));
        for edition in [1, 2] {
            stored.store(edition, Ordering::SeqCst);
            while !knows(&format!("edition-{edition}")) {
                tokio::time::sleep(often).await;
            }
        }
    }
}
