use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::clock::FixedClock;
use domain::ids::UserId;
use domain::portability::ports::{MockExportReader, Opened, Snapshot};
use domain::portability::{Exports, Part};
use domain::pricing::Cost;
use domain::store::StoreError;
use domain::testing::person;
use domain::usage::Entry;
use domain::usage::testing::{NOW, message};
use futures_util::StreamExt;
use portable::Reader;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::*;

const ADA: UserId = UserId(Uuid::from_u128(1));

/// An account with so many pages of 100 messages, after which the store fails if it is told to; says when nobody reads it.
struct Pages {
    next: usize,
    last: usize,
    fails: bool,
    ended: Arc<AtomicUsize>,
}

#[async_trait]
impl Snapshot for Pages {
    async fn next(&mut self) -> Result<Option<Part>, StoreError> {
        self.next += 1;
        let entry = |n: usize| Entry { message: message(&format!("{}-{n}", self.next), 1), cost: Cost::Unpriced };
        match self.next {
            1 => Ok(Some(Part::Account(Box::new(person(ADA, "ada"))))),
            next if next <= self.last + 1 => Ok(Some(Part::Messages((0..100).map(entry).collect()))),
            _ if self.fails => Err(StoreError::Unavailable("away".to_owned())),
            _ => Ok(None),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// An export of so many pages, and how often it ended.
async fn export(pages: usize, fails: bool) -> (Export, Arc<AtomicUsize>) {
    let ended = Arc::new(AtomicUsize::new(0));
    let snapshot = Pages { next: 0, last: pages, fails, ended: ended.clone() };
    let mut reader = MockExportReader::new();
    reader.expect_open().return_once(move |_, _| Ok(Opened::Begun(Box::new(snapshot))));
    let exports = Exports::new(Arc::new(reader), Arc::new(FixedClock(NOW)));
    (exports.begin(ADA).await.expect("an export"), ended)
}

const PATIENT: Patience = Patience { grace: Duration::from_mins(5), slowest: 64 << 10 };

/// Room for one, taken.
fn room() -> (Arc<Semaphore>, OwnedSemaphorePermit) {
    let room = Arc::new(Semaphore::new(1));
    let place = room.clone().try_acquire_owned().expect("a place");
    (room, place)
}

#[actix_web::test]
async fn an_export_is_whole_and_gives_its_place_back() {
    let (export, ended) = export(30, false).await;
    let (room, place) = room();
    let pieces: Vec<_> = stream(export, place, PATIENT).collect().await;
    assert!(pieces.len() > 10, "{}", pieces.len());
    let pieces: Vec<Bytes> = pieces.into_iter().map(|piece| piece.expect("a piece")).collect();
    assert!(pieces.iter().all(|piece| piece.len() < PIECE + 1_000));
    let text = pieces.concat();
    let mut reader = Reader::new(&*text);
    while reader.next_line().expect("a line").is_some() {}
    assert_eq!(reader.number(), 2 + 30 * 100 + 1);
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    drop(room.acquire().await.expect("a place"));
}

#[actix_web::test]
async fn an_export_that_fails_breaks_off() {
    let (export, ended) = export(3, true).await;
    let (room, place) = room();
    let pieces: Vec<_> = stream(export, place, PATIENT).collect().await;
    assert!(pieces.last().expect("a piece").is_err(), "no client may take this for the end");
    drop(room.acquire().await.expect("a place"));
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_client_that_hangs_up_or_does_not_read_ends_it() {
    let (hung_up, ended) = export(usize::MAX - 1, false).await;
    let (room, place) = self::room();
    let mut body = Box::pin(stream(hung_up, place, PATIENT));
    body.next().await.expect("a piece").expect("a piece");
    drop(body);
    drop(room.acquire().await.expect("a place"));
    assert_eq!(ended.load(Ordering::SeqCst), 1);

    let (unread, ended) = export(usize::MAX - 1, false).await;
    let (room, place) = self::room();
    let impatient = Patience { grace: Duration::from_millis(20), slowest: 64 << 10 };
    let body = Box::pin(stream(unread, place, impatient));
    drop(room.acquire().await.expect("a place"));
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    let pieces: Vec<_> = body.collect().await;
    assert!(pieces.len() <= AHEAD + 2 && pieces.last().expect("a piece").is_err());
}
