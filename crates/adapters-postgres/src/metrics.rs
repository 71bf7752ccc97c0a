//! Metrics of the connection pools. `pool` names the pool.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::database::Database;

/// The histogram of waits for a connection, and the upper bounds of its buckets in seconds.
pub const WAIT_SECONDS: &str = "burntop_database_wait_seconds";
pub const WAIT_BOUNDS: &[f64] = &[0.0001, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

const WAIT_FAILURES: &str = "burntop_database_wait_failures_total";
const CONNECTIONS: &str = "burntop_database_connections";
const MAX_CONNECTIONS: &str = "burntop_database_connections_max";
const WAITING: &str = "burntop_database_waiting";
const STATEMENTS: &str = "burntop_database_statements_total";
const ROUND_TRIPS: &str = "burntop_database_round_trips_total";

/// Describes the metrics.
pub fn describe() {
    describe_gauge!(CONNECTIONS, "Connections of the pool, by state: in_use or idle");
    describe_gauge!(MAX_CONNECTIONS, "The most connections of the pool");
    describe_gauge!(WAITING, "Callers that wait for a connection of the pool");
    describe_histogram!(WAIT_SECONDS, "How long callers waited for a connection of the pool");
    describe_counter!(
        WAIT_FAILURES,
        "Callers that got no connection: all were in use for too long, or none could be opened"
    );
    describe_counter!(STATEMENTS, "Statements sent over connections of the pool");
    describe_counter!(ROUND_TRIPS, "Round trips over connections of the pool; statements sent together are one");
}

/// What one pool records while it is used.
#[derive(Clone)]
pub(crate) struct PoolMetrics {
    pool: &'static str,
    waits: Histogram,
    failures: Counter,
}

impl PoolMetrics {
    /// Records for the pool named `pool`.
    pub(crate) fn new(pool: &'static str) -> Self {
        Self {
            pool,
            waits: histogram!(WAIT_SECONDS, "pool" => pool),
            failures: counter!(WAIT_FAILURES, "pool" => pool),
        }
    }

    /// Records that a caller waited for `waited`, and whether it got a connection.
    pub(crate) fn record_wait(&self, waited: Duration, is_served: bool) {
        self.waits.record(waited);
        if !is_served {
            self.failures.increment(1);
        }
    }
}

impl Database {
    /// Records the state of the pool.
    pub fn record_pool(&self) {
        let (pool, state) = (self.metrics.pool, self.pool.status());
        let idle = state.available.min(state.size);
        gauge!(CONNECTIONS, "pool" => pool, "state" => "in_use").set(float(state.size - idle));
        gauge!(CONNECTIONS, "pool" => pool, "state" => "idle").set(float(idle));
        gauge!(MAX_CONNECTIONS, "pool" => pool).set(float(state.max_size));
        gauge!(WAITING, "pool" => pool).set(float(state.waiting));
        counter!(STATEMENTS, "pool" => pool).absolute(self.queries().statements());
        counter!(ROUND_TRIPS, "pool" => pool).absolute(self.queries().round_trips());
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}
