//! Look-ups that share a statement: all that wait while one runs are answered by the next.
//!
//! A connection and a statement for each would cost throughput (docs/PERFORMANCE.md). Nothing is cached: a look-up is answered by a statement
//! that begins after it.

use std::fmt;
use std::sync::Arc;

use domain::error::StoreError;
use tokio::sync::{Mutex, mpsc, oneshot};

/// The most look-ups that share a statement, and the most that wait for the next one before callers wait to join.
const MAX_BATCH: usize = 256;

/// Answers look-ups of `Key` with `Value`. Clones share their statements.
pub(crate) struct SharedLookUps<Key, Value> {
    waiting: mpsc::Sender<LookUp<Key, Value>>,
}

/// A caller that waits for its value.
struct LookUp<Key, Value> {
    key: Key,
    answer: oneshot::Sender<Result<Value, StoreError>>,
}

impl<Key: Send + 'static, Value: Send + 'static> SharedLookUps<Key, Value> {
    /// Answers with `read`, which reads the value of each key in their order, up to `statements` times at once; in tasks of the current runtime
    /// that end with the last clone.
    pub(crate) fn new<Read, Reading>(statements: usize, read: Read) -> Self
    where
        Read: Fn(Vec<Key>) -> Reading + Clone + Send + Sync + 'static,
        Reading: Future<Output = Result<Vec<Value>, StoreError>> + Send + 'static,
    {
        let (waiting, look_ups) = mpsc::channel(MAX_BATCH);
        let look_ups = Arc::new(Mutex::new(look_ups));
        for _ in 0..statements {
            tokio::spawn(answer_batches(Arc::clone(&look_ups), read.clone()));
        }
        Self { waiting }
    }

    /// The value of `key`.
    pub(crate) async fn value(&self, key: Key) -> Result<Value, StoreError> {
        let ended = || StoreError::Unavailable("the task that reads for others has ended".to_owned());
        let (answer, value) = oneshot::channel();
        self.waiting.send(LookUp { key, answer }).await.map_err(|_| ended())?;
        value.await.map_err(|_| ended())?
    }
}

async fn answer_batches<Key, Value, Reading>(
    look_ups: Arc<Mutex<mpsc::Receiver<LookUp<Key, Value>>>>,
    read: impl Fn(Vec<Key>) -> Reading,
) where
    Reading: Future<Output = Result<Vec<Value>, StoreError>>,
{
    let mut batch = Vec::new();
    while look_ups.lock().await.recv_many(&mut batch, MAX_BATCH).await > 0 {
        // A request whose client hung up needs no answer.
        batch.retain(|look_up| !look_up.answer.is_closed());
        if batch.is_empty() {
            continue;
        }
        let (keys, answers): (Vec<_>, Vec<_>) = batch.drain(..).map(|LookUp { key, answer }| (key, answer)).unzip();
        let found = read(keys).await;
        // A caller may be gone.
        match found {
            Ok(values) => answers.into_iter().zip(values).for_each(|(answer, value)| drop(answer.send(Ok(value)))),
            Err(error) => answers.into_iter().for_each(|answer| drop(answer.send(Err(error.clone())))),
        }
    }
}

impl<Key, Value> Clone for SharedLookUps<Key, Value> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone() }
    }
}

impl<Key, Value> fmt::Debug for SharedLookUps<Key, Value> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLookUps").finish_non_exhaustive()
    }
}
