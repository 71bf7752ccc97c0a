//! Connections and the pool that keeps them.

use std::fmt::{self, Write};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Pool as Managed, RecycleError, RecycleResult};
use diesel::connection::{DebugQuery, InstrumentationEvent};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{CancelToken, Client};

use crate::connect::ConnectTarget;
use crate::error::ConnectError;
use crate::tls::Tls;
use crate::work_class::WorkClass;

/// How long the server may take to act on a cancel request before the connection is discarded.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) type Pool = Managed<Connector>;
type Object = deadpool::managed::Object<Connector>;

/// Counts statements, for tests and metrics, without `BEGIN`, `COMMIT` and `ROLLBACK`.
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

    /// How many round trips there were so far: statements that are sent together count once.
    pub fn round_trips(&self) -> u64 {
        self.0.round_trips.load(Ordering::Relaxed)
    }
}

/// A connection with its state.
pub(crate) struct Connection {
    pub(crate) pg: AsyncPgConnection,
    /// Whether a statement failed since this was last cleared.
    failed: Arc<AtomicBool>,
    /// How many statements were sent whose answer has not been read.
    under_way: Arc<AtomicU32>,
    /// Whether the connection is open and may be used.
    alive: Arc<AtomicBool>,
    /// Asks the server to end the statement that runs.
    cancel: CancelToken,
    /// Encrypts the cancel request like the connection.
    tls: Tls,
    /// The cancel request for an abandoned statement, and whether the server has acted on it.
    cancelling: Option<JoinHandle<bool>>,
}

impl Connection {
    /// Whether a statement failed since [`forget_failures`](Self::forget_failures).
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(crate) fn forget_failures(&self) {
        self.failed.store(false, Ordering::Release);
    }

    /// Whether the server may still be running a statement whose caller is gone.
    fn is_abandoned(&self) -> bool {
        self.under_way.load(Ordering::Acquire) > 0
    }

    /// Ends the statement of a caller that is gone, which the next user of the connection would wait for. Returns whether the
    /// connection is of use: a cancel request that may still arrive would end a statement of another caller, so the pool
    /// discards the connection.
    pub(crate) async fn end_abandoned(&mut self) -> bool {
        if !self.is_abandoned() {
            return true;
        }
        let has_acted = match self.cancelling.take() {
            Some(cancelling) => cancelling.await.unwrap_or(false),
            None => cancel(self.cancel.clone(), self.tls.clone()).await,
        };
        if !has_acted {
            self.alive.store(false, Ordering::Release);
            return false;
        }
        // The answer follows that of the abandoned statement. If that had ended before, the request ends this one, or nothing.
        if let Err(error) = self.pg.batch_execute("").await {
            tracing::debug!(%error, "abandoned statement cancelled");
        }
        self.under_way.store(0, Ordering::Release);
        true
    }
}

/// Asks the server to cancel what the connection of `token` runs. Returns whether it has done so: it signals the other
/// process before it closes the connection of the request.
async fn cancel(token: CancelToken, tls: Tls) -> bool {
    match timeout(CANCEL_TIMEOUT, token.cancel_query(tls.for_cancel_request())).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::debug!(%error, "cancel request failed");
            false
        }
        Err(_) => false,
    }
}

/// A connection of the pool, which goes back when this is dropped.
pub(crate) struct Pooled(Object);

impl Pooled {
    pub(crate) fn new(object: Object) -> Self {
        Self(object)
    }
}

impl Deref for Pooled {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Drop for Pooled {
    /// A future that is dropped in the middle of a statement, because its client hung up or its time was over, leaves the
    /// statement running. It is cancelled at once; the next user of the connection waits until it has ended.
    fn drop(&mut self) {
        if self.is_abandoned()
            && let Ok(runtime) = Handle::try_current()
        {
            let (token, tls) = (self.cancel.clone(), self.tls.clone());
            self.cancelling = Some(runtime.spawn(cancel(token, tls)));
        }
    }
}

/// Settings of every connection. There are few statements, which run often, so each has one generic plan (checked by
/// `tests/postgres/plans.rs`) and no JIT: planning a board takes twice as long as reading it, and compiling it longer still.
///
/// Messages are in English for the log. A role without the privilege keeps the server's language.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; \
    DO $$ BEGIN PERFORM set_config('lc_messages', 'C', false); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$";

/// Opens connections to one database.
#[derive(Debug)]
pub(crate) struct Connector {
    url: String,
    /// Names the connections in PostgreSQL.
    purpose: &'static str,
    queries: QueryCount,
    /// What the connections are for; `None` sets no time limits.
    work: Option<WorkClass>,
    /// The runtime that drives connections: the one this was made on, not the one that first needs a connection.
    runtime: Handle,
}

impl Connector {
    pub(crate) fn new(url: &str, purpose: &'static str, work: Option<WorkClass>, queries: QueryCount) -> Self {
        Self { url: url.to_owned(), purpose, queries, work, runtime: Handle::current() }
    }

    /// Opens a connection, which is driven by a task of its own.
    pub(crate) async fn connect(&self) -> Result<Connection, ConnectError> {
        let alive = Arc::new(AtomicBool::new(true));
        let target = ConnectTarget::parse(&self.url)?.for_purpose(self.purpose);
        let tls = target.tls().clone();
        let opening = self.runtime.spawn(open(target, Arc::clone(&alive)));
        let client = opening.await.map_err(|error| ConnectError { sqlstate: None, message: error.to_string() })??;
        let cancel = client.cancel_token();
        let mut pg = AsyncPgConnection::try_from(client)
            .await
            .map_err(|error| ConnectError { sqlstate: None, message: error.to_string() })?;
        let limits = self.work.map_or_else(String::new, |work| work.timeouts().as_sql());
        pg.batch_execute(&format!("{SETTINGS}; {limits}")).await.map_err(|error| ConnectError::from(&error))?;
        let (failed, under_way) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        pg.set_instrumentation(observer(Arc::clone(&failed), Arc::clone(&under_way), self.queries.clone()));
        Ok(Connection { pg, failed, under_way, alive, cancel, tls, cancelling: None })
    }
}

/// Opens a connection to `target` and drives it on the current runtime; clears `alive` when it ends.
async fn open(target: ConnectTarget, alive: Arc<AtomicBool>) -> Result<Client, ConnectError> {
    let (client, driver) = target.connect().await?;
    tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "database connection closed");
        }
        alive.store(false, Ordering::Release);
    });
    Ok(client)
}

/// The one hook that sees every statement: it counts, logs and remembers failures. diesel forgets a failure whose error
/// was swallowed, and would then report a commit that PostgreSQL turned into a rollback as a success.
fn observer(
    failed: Arc<AtomicBool>,
    under_way: Arc<AtomicU32>,
    count: QueryCount,
) -> impl FnMut(InstrumentationEvent<'_>) + Send + 'static {
    move |event| match event {
        InstrumentationEvent::StartQuery { query, .. } if !is_control(query) => {
            count.0.statements.fetch_add(1, Ordering::Relaxed);
            if under_way.fetch_add(1, Ordering::AcqRel) == 0 {
                count.0.round_trips.fetch_add(1, Ordering::Relaxed);
            }
        }
        InstrumentationEvent::FinishQuery { query, error, .. } => {
            if !is_control(query) {
                let less = |count: u32| Some(count.saturating_sub(1));
                let _ = under_way.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
            }
            if let Some(error) = error {
                failed.store(true, Ordering::Release);
                tracing::debug!(query = %Statement(query), %error, "statement failed");
            } else {
                tracing::trace!(query = %Statement(query), "statement executed");
            }
        }
        _ => {}
    }
}

/// Whether a statement only begins or ends a transaction.
fn is_control(query: &dyn DebugQuery) -> bool {
    let start = start(query, 8);
    ["BEGIN", "COMMIT", "ROLLBACK"].iter().any(|control| start.starts_with(control))
}

/// The most bytes of a statement in the log and in traces.
const LONGEST_STATEMENT: usize = 1000;

/// A statement without its values, which can be addresses or hashes of tokens.
struct Statement<'a>(&'a dyn DebugQuery);

impl fmt::Display for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = start(self.0, LONGEST_STATEMENT);
        f.write_str(start.split(" -- binds").next().unwrap_or_default())
    }
}

/// About the first `bytes` of a statement. The values of a bulk statement would take longer to write than to store.
fn start(query: &dyn DebugQuery, bytes: usize) -> String {
    let mut start = Start { text: String::new(), bytes };
    // Fails once there is enough text.
    let _ = write!(start, "{query}");
    start.text
}

/// Takes the first pieces of a text, until they have so many bytes.
struct Start {
    text: String,
    bytes: usize,
}

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes - self.text.len();
        self.text.push_str(&text[..text.floor_char_boundary(room)]);
        if self.text.len() < self.bytes && text.len() <= room { Ok(()) } else { Err(fmt::Error) }
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
        if !connection.end_abandoned().await {
            return Err(RecycleError::message("a cancel request may still arrive"));
        }
        connection.forget_failures();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;
    use diesel::sql_types::Text;

    use super::*;

    #[test]
    fn statement_in_the_log_has_no_values_and_is_short() {
        let shown = |sql: String| {
            let query = diesel::sql_query(sql).bind::<Text, _>("ada@example.org");
            Statement(&diesel::debug_query::<Pg, _>(&query)).to_string()
        };
        assert_eq!(shown("SELECT $1 -- ä".to_owned()), "SELECT $1 -- ä");
        assert_eq!(shown(format!("SELECT {}", "ä".repeat(1000))).len(), LONGEST_STATEMENT - 1);
        let long = shown(format!("SELECT {}", "x".repeat(LONGEST_STATEMENT - 12)));
        assert!(!long.contains("ada"), "{long}");
    }
}
