//! Metrics of the server: its pools and streams, and the state of the instance, which each server reports alike.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters_http::metrics as http;
use adapters_postgres::{Database, Hub, InstanceState};
use async_trait::async_trait;
use bootstrap::metrics::{Buckets, Metrics, Program, Source};
use bootstrap::store::ServerDatabase;
use bootstrap::system::SystemClock;
use bootstrap::{Settings, StartupError, prices};
use domain::clock::Clock;
use domain::error::StoreError;
use domain::jobs::{JobKind, JobStatus};
use metrics::{describe_gauge, gauge};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::timeout;

const STREAMS: &str = "burntop_feed_streams";
const DATABASE_UP: &str = "burntop_database_up";
const JOBS: &str = "burntop_jobs";
const OLDEST_DUE: &str = "burntop_oldest_due_job_age_seconds";
const WORKERS: &str = "burntop_workers";
const BOARD_AGE: &str = "burntop_board_age_seconds";
const PRICE_TABLE_AGE: &str = "burntop_price_table_age_seconds";
const UNPRICED: &str = "burntop_unpriced_messages";

const STATES: [JobStatus; 4] = [JobStatus::Pending, JobStatus::Running, JobStatus::Done, JobStatus::Dead];

/// How long a value that was read from the database is reported, whether or not it could be read.
const STATE_LIFETIME: Duration = Duration::from_secs(10);
const UNPRICED_LIFETIME: Duration = Duration::from_mins(5);

/// The time limit of reading one value.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Listens for scrapes and begins to record, unless metrics are off.
pub(crate) fn start(settings: &Settings) -> Result<Option<Metrics>, StartupError> {
    let requests = Buckets { name: http::DURATION_SECONDS, bounds: http::DURATION_BOUNDS };
    let histograms: Vec<_> = worker::metrics::HISTOGRAMS.into_iter().chain([requests]).collect();
    let metrics = Metrics::start(settings, Program::Server, &histograms)?;
    if metrics.is_some() {
        describe();
    }
    Ok(metrics)
}

fn describe() {
    http::describe();
    // A server with an embedded database runs jobs.
    worker::metrics::describe();
    prices::describe_metrics();
    describe_gauge!(STREAMS, "Open streams of the feed");
    describe_gauge!(
        DATABASE_UP,
        "Whether the values of the instance could be read from the database; without it they are NaN"
    );
    describe_gauge!(JOBS, "Stored jobs of the instance by kind and state: pending, running, done or dead");
    describe_gauge!(OLDEST_DUE, "For how long the oldest due job of the instance waits, by kind; 0 if none waits");
    describe_gauge!(WORKERS, "Workers of the instance that are alive");
    describe_gauge!(BOARD_AGE, "Time since the boards were computed; NaN before the first time");
    describe_gauge!(
        PRICE_TABLE_AGE,
        "Time since the price book was last found to have the live price table; NaN if it never was"
    );
    describe_gauge!(UNPRICED, "Messages of the instance without a price, counted every five minutes");
}

/// The values that are read at each scrape.
pub(crate) fn sources(store: &ServerDatabase, hub: &Hub) -> Vec<Arc<dyn Source>> {
    vec![
        Arc::new(ServerState { store: store.clone(), hub: hub.clone() }),
        Arc::new(Instance { database: store.health.clone(), cache: Mutex::default() }),
    ]
}

/// The pools and streams of this process.
struct ServerState {
    store: ServerDatabase,
    hub: Hub,
}

#[async_trait]
impl Source for ServerState {
    async fn record(&self) {
        for pool in self.store.pools() {
            pool.record_pool();
        }
        gauge!(STREAMS).set(float(self.hub.streams() as u64));
    }
}

/// The state of the instance.
struct Instance {
    database: Database,
    /// Scrapes at the same time read once.
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    state: Cached<InstanceState>,
    unpriced: Cached<u64>,
}

#[async_trait]
impl Source for Instance {
    async fn record(&self) {
        let mut cache = self.cache.lock().await;
        let state = cache.state.get(STATE_LIFETIME, Box::pin(self.database.instance_state())).await;
        record_state(state, SystemClock.now());
        let is_up = state.is_some();
        let unpriced = if is_up {
            cache.unpriced.get(UNPRICED_LIFETIME, Box::pin(self.database.count_unpriced_messages())).await.copied()
        } else {
            None
        };
        gauge!(UNPRICED).set(unpriced.map_or(f64::NAN, float));
    }
}

/// A value that was read, or could not be read, a while ago.
struct Cached<T>(Option<(Instant, Option<T>)>);

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Cached<T> {
    /// The value, which `read` reads if it is older than `lifetime`; `None` if it could not be read.
    async fn get(&mut self, lifetime: Duration, read: impl Future<Output = Result<T, StoreError>>) -> Option<&T> {
        if self.0.as_ref().is_none_or(|(read_at, _)| read_at.elapsed() >= lifetime) {
            let value = match timeout(READ_TIMEOUT, read).await {
                Ok(Ok(value)) => Some(value),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "reading values for metrics failed");
                    None
                }
                Err(_) => {
                    tracing::warn!("reading values for metrics timed out");
                    None
                }
            };
            self.0 = Some((Instant::now(), value));
        }
        self.0.as_ref()?.1.as_ref()
    }
}

/// Records `state` as it is at `now`; `None` is unknown.
fn record_state(state: Option<&InstanceState>, now: OffsetDateTime) {
    gauge!(DATABASE_UP).set(if state.is_some() { 1.0 } else { 0.0 });
    let queues = state.map_or(&[][..], |state| &state.jobs);
    let unknown = if state.is_some() { 0.0 } else { f64::NAN };
    for kind in JobKind::ALL {
        let of_kind = || queues.iter().filter(move |queue| queue.queue == kind.name());
        for status in STATES {
            let jobs = of_kind().find(|queue| queue.status == status).map_or(unknown, |queue| float(queue.jobs));
            gauge!(JOBS, "kind" => kind.name(), "state" => status.name()).set(jobs);
        }
        let due_at = of_kind().find_map(|queue| queue.next_at).filter(|due_at| *due_at <= now);
        gauge!(OLDEST_DUE, "kind" => kind.name()).set(due_at.map_or(unknown, |due_at| age(due_at, now)));
    }
    let known_age = |at: Option<OffsetDateTime>| at.map_or(f64::NAN, |at| age(at, now));
    gauge!(WORKERS).set(state.map_or(f64::NAN, |state| float(state.workers.alive)));
    gauge!(BOARD_AGE).set(known_age(state.and_then(|state| state.boards_computed_at)));
    gauge!(PRICE_TABLE_AGE).set(known_age(state.and_then(|state| state.prices_confirmed_at)));
}

/// The seconds from `at` to `now`; not negative, although another machine's clock may be ahead.
fn age(at: OffsetDateTime, now: OffsetDateTime) -> f64 {
    (now - at).as_seconds_f64().max(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What one read finds.
    #[expect(clippy::unused_async, reason = "a read that is not awaited is not counted")]
    async fn read(reads: &Cell<u32>, value: Result<u32, StoreError>) -> Result<u32, StoreError> {
        reads.set(reads.get() + 1);
        value
    }

    #[tokio::test]
    async fn cached_value_and_cached_failure_are_read_once_in_their_lifetime() {
        let away = || Err(StoreError::Unavailable("away".to_owned()));
        let (reads, mut cached, long) = (Cell::new(0), Cached::default(), Duration::from_hours(1));
        assert_eq!(cached.get(long, read(&reads, Ok(1))).await, Some(&1));
        assert_eq!(cached.get(long, read(&reads, Ok(2))).await, Some(&1));
        assert_eq!(cached.get(Duration::ZERO, read(&reads, away())).await, None);
        assert_eq!(cached.get(long, read(&reads, Ok(3))).await, None, "a scrape does not wait for each failure");
        assert_eq!(cached.get(Duration::ZERO, read(&reads, Ok(4))).await, Some(&4));
        assert_eq!(reads.get(), 3);
    }

    #[test]
    fn age_is_not_negative() {
        let now = SystemClock.now();
        for (at, expected) in [(now - Duration::from_secs(90), 90.0), (now + Duration::from_secs(90), 0.0)] {
            assert!((age(at, now) - expected).abs() < 1e-6, "{expected}");
        }
    }
}
