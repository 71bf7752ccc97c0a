//! Whether this process can do its work, as load balancers ask.

use std::sync::atomic::{AtomicBool, Ordering};

use adapters_http::health::Readiness;
use adapters_postgres::Database;
use async_trait::async_trait;

/// Asks the database, and knows whether the process was told to stop.
pub(crate) struct Ready {
    store: Database,
    draining: AtomicBool,
}

impl Ready {
    /// Ready as long as `store` is.
    pub(crate) fn new(store: Database) -> Self {
        Self { store, draining: AtomicBool::new(false) }
    }

    /// From now on the process finishes what is under way.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }
}

#[async_trait]
impl Readiness for Ready {
    async fn database(&self) -> bool {
        self.store.answers().await
    }

    async fn migrations(&self) -> bool {
        self.store.schema_is_current().await
    }

    fn draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
