//! The readiness of this process, for load balancers.

use std::sync::atomic::{AtomicBool, Ordering};

use adapters_http::health::Readiness;
use adapters_postgres::Database;
use async_trait::async_trait;
use domain::jobs::{JobStore, WorkerStatus};

/// Ready while the database answers and no shutdown has begun.
pub(crate) struct DatabaseReadiness {
    store: Database,
    draining: AtomicBool,
}

impl DatabaseReadiness {
    pub(crate) fn new(store: Database) -> Self {
        Self { store, draining: AtomicBool::new(false) }
    }

    /// Marks the process as shutting down.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }
}

#[async_trait]
impl Readiness for DatabaseReadiness {
    async fn database(&self) -> bool {
        self.store.answers().await
    }

    async fn migrations(&self) -> bool {
        self.store.schema_is_current().await
    }

    fn draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    async fn worker(&self) -> Option<WorkerStatus> {
        self.store
            .worker_status()
            .await
            .inspect_err(|error| tracing::warn!(%error, "reading the worker's state failed"))
            .ok()
    }
}
