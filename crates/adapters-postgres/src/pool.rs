//! Connections and the pool that keeps them.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use deadpool::managed::{Manager, Metrics, Pool as Managed, RecycleError, RecycleResult};
use diesel::connection::{DebugQuery, InstrumentationEvent};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::runtime::Handle;
use tokio_postgres::{Client, NoTls};

use crate::error::ConnectError;
use crate::way::way;

pub(crate) type Pool = Managed<Connector>;
pub(crate) type Pooled = deadpool::managed::Object<Connector>;
pub(crate) type PoolError = deadpool::managed::PoolError<ConnectError>;

/// Counts what goes to the database, for tests and metrics; `BEGIN`, `COMMIT` and `ROLLBACK` are not counted.
#[derive(Debug, Clone, Default)]
pub struct QueryCount(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    statements: AtomicU64,
    round_trips: AtomicU64,
}

impl QueryCount {
    /// How many statements went out so far.
    pub fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    /// How many times somebody waited for an answer so far: statements that are sent together count once.
    pub fn round_trips(&self) -> u64 {
        self.0.round_trips.load(Ordering::Relaxed)
    }
}

/// One connection, and what is known of it.
pub(crate) struct Connection {
    pub(crate) pg: AsyncPgConnection,
    /// Whether a statement failed since this was last cleared.
    failed: Arc<AtomicBool>,
    /// Whether the connection still stands.
    alive: Arc<AtomicBool>,
}

impl Connection {
    /// Whether a statement failed since [`forget_failures`](Self::forget_failures).
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Starts to listen for failures anew.
    pub(crate) fn forget_failures(&self) {
        self.failed.store(false, Ordering::Release);
    }
}

/// What holds for every connection. Statements are few and asked for again and again, so each is planned once for whatever
/// values (as `tests/postgres/plans.rs` looks at them), and none is compiled: planning a board anew takes twice as long as
/// reading it, and compiling one longer still.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off";

/// Opens connections to one database.
#[derive(Debug)]
pub(crate) struct Connector {
    url: String,
    queries: QueryCount,
    /// Where connections live: the runtime this was made on, not the one of whoever needs a connection first.
    runtime: Handle,
}

impl Connector {
    pub(crate) fn new(url: &str, queries: QueryCount) -> Self {
        Self { url: url.to_owned(), queries, runtime: Handle::current() }
    }

    /// Opens a connection, which is driven by a task of its own.
    pub(crate) async fn connect(&self) -> Result<Connection, ConnectError> {
        let alive = Arc::new(AtomicBool::new(true));
        let opening = self.runtime.spawn(open(self.url.clone(), Arc::clone(&alive)));
        let client = opening.await.map_err(|error| ConnectError { sqlstate: None, message: error.to_string() })??;
        let failed = |error: &dyn fmt::Display| ConnectError { sqlstate: None, message: error.to_string() };
        let mut pg = AsyncPgConnection::try_from(client).await.map_err(|error| failed(&error))?;
        pg.batch_execute(SETTINGS).await.map_err(|error| failed(&error))?;
        let failed = Arc::new(AtomicBool::new(false));
        pg.set_instrumentation(observer(Arc::clone(&failed), self.queries.clone()));
        Ok(Connection { pg, failed, alive })
    }
}

/// Opens a connection to `url` and drives it on the current runtime; says in `alive` when it ends.
async fn open(url: String, alive: Arc<AtomicBool>) -> Result<Client, tokio_postgres::Error> {
    let (client, driver) = way(&url)?.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "a database connection ended");
        }
        alive.store(false, Ordering::Release);
    });
    Ok(client)
}

/// The one hook that sees every statement: it counts, logs and remembers failures. diesel forgets a failure whose error
/// was swallowed, and would then report a commit that PostgreSQL turned into a rollback as a success.
fn observer(failed: Arc<AtomicBool>, count: QueryCount) -> impl FnMut(InstrumentationEvent<'_>) + Send + 'static {
    let mut under_way = 0_u32;
    move |event| match event {
        InstrumentationEvent::StartQuery { query, .. } if !is_control(query) => {
            count.0.statements.fetch_add(1, Ordering::Relaxed);
            if under_way == 0 {
                count.0.round_trips.fetch_add(1, Ordering::Relaxed);
            }
            under_way += 1;
        }
        InstrumentationEvent::FinishQuery { query, error, .. } => {
            if !is_control(query) {
                under_way = under_way.saturating_sub(1);
            }
            if let Some(error) = error {
                failed.store(true, Ordering::Release);
                tracing::debug!(%query, %error, "a statement failed");
            } else {
                tracing::trace!(%query, "a statement ran");
            }
        }
        _ => {}
    }
}

/// Whether a statement only begins or ends a transaction.
fn is_control(query: &dyn DebugQuery) -> bool {
    let mut start = Start(String::new());
    // Fails once there is enough text: the values of a bulk statement would take longer to write than to store.
    let _ = write!(start, "{query}");
    ["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|control| start.0.starts_with(control))
}

/// Takes the first piece of a text.
struct Start(String);

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text.get(..text.len().min(8)).unwrap_or_default());
        if self.0.len() < 8 { Ok(()) } else { Err(fmt::Error) }
    }
}

impl Manager for Connector {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        self.connect().await
    }

    /// Takes a connection back unless it is known to be useless: asking the server each time would cost every request
    /// a round trip.
    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<ConnectError> {
        if !connection.alive.load(Ordering::Acquire) || connection.pg.is_broken() {
            return Err(RecycleError::message("the connection ended"));
        }
        connection.forget_failures();
        Ok(())
    }
}
