//! Activities as they are committed, by whichever process: one connection listens for all viewers of this one.
//!
//! A transaction that writes activities notifies with their ids, in the order of commits. For what comes together, one statement asks
//! which of the viewers here follow its people and may see them at this moment; [`listeners`] hands it out.

mod listeners;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::social::ports::{ActivityHub, HeardActivities};
use domain::social::{LiveActivity, Mark};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::feed::News;
use crate::database::Database;
use crate::listening::Listening;
use listeners::Listeners;

/// How many listen, and how long a queue they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubLimits {
    /// Listeners of this process; another is told that there is no room.
    pub listeners: usize,
    /// Listeners of one account; the oldest makes room for another.
    pub per_viewer: usize,
    /// Activities that wait for a listener; whoever does not keep up is told no more.
    pub queue: usize,
}

impl Default for HubLimits {
    fn default() -> Self {
        Self { listeners: 5_000, per_viewer: 5, queue: 64 }
    }
}

/// How long the first connection may take before somebody who wants to listen is sent away.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait before connecting anew: at first, and at most.
const WAIT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How many activities one statement asks about.
const BATCH: u32 = 100;

/// Hears activities for all viewers of this process. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    listeners: Mutex<Listeners>,
    hears: watch::Sender<bool>,
}

impl Shared {
    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// Listens to the database at `url` from now on, on the current runtime, and asks `database` who is told. A transaction
    /// pooler between them must give the connection a session of its own.
    pub fn start(database: Database, url: &str, limits: HubLimits) -> Self {
        let shared =
            Arc::new(Shared { listeners: Mutex::new(Listeners::new(limits)), hears: watch::Sender::new(false) });
        tokio::spawn(keep_listening(shared.clone(), database, url.to_owned()));
        Self { shared }
    }

    /// Ends for every listener at once; nobody can begin any more.
    pub fn close(&self) {
        self.shared.listeners().close();
    }
}

#[async_trait]
impl ActivityHub for Hub {
    async fn subscribe(&self, viewer: UserId) -> Result<Option<Box<dyn HeardActivities>>, StoreError> {
        let mut hears = self.shared.hears.subscribe();
        let first = tokio::time::timeout(PATIENCE, hears.wait_for(|hears| *hears)).await;
        if !matches!(first, Ok(Ok(_))) {
            return Err(StoreError::Unavailable("nothing is heard from the database yet".to_owned()));
        }
        let added = self.shared.listeners().add(viewer);
        Ok(added.map(|(number, items)| -> Box<dyn HeardActivities> {
            Box::new(Queue { shared: self.shared.clone(), viewer, number, items })
        }))
    }
}

/// What one listener hears.
struct Queue {
    shared: Arc<Shared>,
    viewer: UserId,
    number: u64,
    items: mpsc::Receiver<Arc<LiveActivity>>,
}

#[async_trait]
impl HeardActivities for Queue {
    async fn next(&mut self) -> Option<Arc<LiveActivity>> {
        self.items.recv().await
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.listeners().remove(self.viewer, self.number);
    }
}

/// Listens until the hub is closed, over as many connections as it takes.
async fn keep_listening(shared: Arc<Shared>, database: Database, url: String) {
    let mut mark = None;
    let mut wait = WAIT.0;
    while !shared.listeners().is_closed() {
        let Err(error) = listen(&shared, &database, &url, &mut mark, &mut wait).await;
        if shared.listeners().is_closed() {
            return;
        }
        tracing::warn!(%error, "LISTEN connection lost; missed activities follow");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(WAIT.1);
    }
}

/// Listens over one connection until it fails. `mark` is what was heard last, over all connections; `wait` is as at first once
/// it works.
async fn listen(
    shared: &Shared,
    database: &Database,
    url: &str,
    mark: &mut Option<Mark>,
    wait: &mut Duration,
) -> Result<std::convert::Infallible, StoreError> {
    let mut listening = Listening::start(url, "activities").await?;
    // Only now: what is committed after this is notified, what was committed before is found.
    *mark = Some(match *mark {
        None => database.mark_now().await?,
        Some(last) => catch_up(shared, database, last).await?,
    });
    *wait = WAIT.0;
    shared.hears.send_replace(true);
    loop {
        let heard = listening.next(BATCH as usize).await?;
        let ids: Vec<Uuid> = heard.iter().filter_map(|id| id.parse().ok()).collect();
        let viewers = shared.listeners().viewers();
        let news = database.heard(&ids, &viewers).await?;
        *mark = news.iter().map(|news| news.mark).fold(*mark, |mark, next| mark.map(|mark| later(mark, next)));
        hand_out(shared, news);
    }
}

/// The one of which more is known to have been committed before it.
fn later(one: Mark, other: Mark) -> Mark {
    if other.horizon >= one.horizon { other } else { one }
}

/// Hands out what was committed since `mark` was heard; returns the mark of all of it.
async fn catch_up(shared: &Shared, database: &Database, mark: Mark) -> Result<Mark, StoreError> {
    let (mut after, mut latest) = (None, mark);
    loop {
        let viewers = shared.listeners().viewers();
        let news = database.missed_by(&viewers, mark, after, BATCH).await?;
        let Some(last) = news.last() else { return Ok(latest) };
        after = Some((last.mark.at, last.mark.id));
        latest = news.iter().map(|news| news.mark).fold(latest, later);
        hand_out(shared, news);
    }
}

fn hand_out(shared: &Shared, news: Vec<News>) {
    let mut listeners = shared.listeners();
    for News { activity, viewers, .. } in news {
        let Some(activity) = activity.map(Arc::new) else { continue };
        for viewer in viewers {
            listeners.tell(viewer, &activity);
        }
    }
}
