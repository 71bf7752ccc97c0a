//! Live activities: one connection listens for all viewers of this process.
//!
//! A transaction that writes activities notifies with their ids, in the order of commits. One statement for all activities that
//! arrive together finds the viewers that follow and may see the authors; [`listeners`] delivers them.

mod listeners;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::social::ports::{ActivityHub, ActivitySubscription};
use domain::social::{ActivityMark, LiveActivity};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::feed::ActivityDelivery;
use crate::database::Database;
use crate::listening::ListenConnection;
pub use listeners::HubLimits;
use listeners::Listeners;

/// How long a subscription waits for the first connection.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(5);

/// The first and the longest pause before a new connection.
const RECONNECT_PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// The activities that one statement reads.
const BATCH: u32 = 100;

/// Receives activities for all viewers of this process. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    listeners: Mutex<Listeners>,
    connected: watch::Sender<bool>,
}

impl Shared {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// Listens to the database at `url` on the current runtime, and reads activities and their recipients from `database`. A
    /// connection pooler must give this connection a session of its own.
    pub fn start(database: Database, url: &str, limits: HubLimits) -> Self {
        let shared =
            Arc::new(Shared { listeners: Mutex::new(Listeners::new(limits)), connected: watch::Sender::new(false) });
        tokio::spawn(keep_listening(shared.clone(), database, url.to_owned()));
        Self { shared }
    }

    /// The open streams of this process.
    pub fn streams(&self) -> usize {
        self.shared.listeners().count()
    }

    /// Ends all listeners and refuses new ones.
    pub fn close(&self) {
        self.shared.listeners().close();
    }
}

#[async_trait]
impl ActivityHub for Hub {
    async fn subscribe(&self, viewer: UserId) -> Result<Option<Box<dyn ActivitySubscription>>, StoreError> {
        let mut connected = self.shared.connected.subscribe();
        let first = tokio::time::timeout(SUBSCRIBE_TIMEOUT, connected.wait_for(|connected| *connected)).await;
        if !matches!(first, Ok(Ok(_))) {
            return Err(StoreError::Unavailable("the LISTEN connection is not open yet".to_owned()));
        }
        let added = self.shared.listeners().add(viewer);
        Ok(added.map(|(number, items)| -> Box<dyn ActivitySubscription> {
            Box::new(Queue { shared: self.shared.clone(), viewer, number, items })
        }))
    }
}

/// The queue of one listener.
struct Queue {
    shared: Arc<Shared>,
    viewer: UserId,
    number: u64,
    items: mpsc::Receiver<Arc<LiveActivity>>,
}

#[async_trait]
impl ActivitySubscription for Queue {
    async fn next(&mut self) -> Option<Arc<LiveActivity>> {
        self.items.recv().await
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.listeners().remove(self.viewer, self.number);
    }
}

/// Listens until the hub is closed, and reconnects.
async fn keep_listening(shared: Arc<Shared>, database: Database, url: String) {
    let mut mark = None;
    let mut wait = RECONNECT_PAUSE.0;
    while !shared.listeners().is_closed() {
        let Err(error) = listen(&shared, &database, &url, &mut mark, &mut wait).await;
        if shared.listeners().is_closed() {
            return;
        }
        tracing::warn!(%error, "LISTEN connection lost; missed activities follow");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RECONNECT_PAUSE.1);
    }
}

/// Listens over one connection until it fails. `mark` is the cursor of the last activity over all connections; `wait` is reset
/// once the connection works.
async fn listen(
    shared: &Shared,
    database: &Database,
    url: &str,
    mark: &mut Option<ActivityMark>,
    wait: &mut Duration,
) -> Result<std::convert::Infallible, StoreError> {
    let mut listening = ListenConnection::start(url, "activities").await?;
    // After LISTEN: later commits are notified, earlier ones are read here.
    *mark = Some(match *mark {
        None => database.cursor_now().await?,
        Some(last) => catch_up(shared, database, last).await?,
    });
    *wait = RECONNECT_PAUSE.0;
    shared.connected.send_replace(true);
    loop {
        let payloads = listening.next(BATCH as usize).await?;
        let ids: Vec<Uuid> = payloads.iter().filter_map(|id| id.parse().ok()).collect();
        let viewers = shared.listeners().viewers();
        let news = database.recipients(&ids, &viewers).await?;
        *mark = news.iter().map(|news| news.mark).fold(*mark, |mark, next| mark.map(|mark| later(mark, next)));
        deliver(shared, news);
    }
}

/// The cursor with the later horizon.
fn later(one: ActivityMark, other: ActivityMark) -> ActivityMark {
    if other.horizon >= one.horizon { other } else { one }
}

/// Delivers the activities that were committed since `mark`; returns the cursor of the last.
async fn catch_up(shared: &Shared, database: &Database, mark: ActivityMark) -> Result<ActivityMark, StoreError> {
    let (mut after, mut latest) = (None, mark);
    loop {
        let viewers = shared.listeners().viewers();
        let news = database.missed_by(&viewers, mark, after, BATCH).await?;
        let Some(last) = news.last() else { return Ok(latest) };
        after = Some((last.mark.at, last.mark.id));
        latest = news.iter().map(|news| news.mark).fold(latest, later);
        deliver(shared, news);
    }
}

fn deliver(shared: &Shared, news: Vec<ActivityDelivery>) {
    let mut listeners = shared.listeners();
    for ActivityDelivery { activity, viewers, .. } in news {
        let Some(activity) = activity.map(Arc::new) else { continue };
        for viewer in viewers {
            listeners.send(viewer, &activity);
        }
    }
}
