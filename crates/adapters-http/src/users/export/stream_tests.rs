use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::portability::ports::{ExportSnapshot, MockExportReader, SnapshotOpened};
use domain::portability::{ExportPart, Exports};
use domain::pricing::Cost;
use domain::testing::{TestReads, TestStore, test_user};
use domain::usage::LedgerEntry;
use domain::usage::testing::message;
use futures_util::StreamExt;
use portable::Reader;
use uuid::Uuid;

use super::super::places::Places;
use super::*;

const ADA: UserId = UserId(Uuid::from_u128(1));

/// An account with so many pages of 100 messages, after which the store fails if requested; reports when its reader is gone.
struct Pages {
    next: usize,
    last: usize,
    fails: bool,
    ended: Arc<AtomicUsize>,
}

#[async_trait]
impl ExportSnapshot for Pages {
    async fn next(&mut self) -> Result<Option<ExportPart>, StoreError> {
        self.next += 1;
        let entry = |n: usize| LedgerEntry { message: message(&format!("{}-{n}", self.next), 1), cost: Cost::Unpriced };
        match self.next {
            1 => Ok(Some(ExportPart::Account(Box::new(test_user(ADA, "ada"))))),
            next if next <= self.last + 1 => Ok(Some(ExportPart::Messages((0..100).map(entry).collect()))),
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
    reader.expect_open().return_once(move |_, _| Ok(SnapshotOpened::Begun(Box::new(snapshot))));
    let exports = Exports::new(TestStore::reading(TestReads { exports: reader, ..TestReads::default() }).deps());
    (exports.begin(ADA).await.expect("an export"), ended)
}

const LENIENT: BodyTimeout = BodyTimeout { grace: Duration::from_mins(5), slowest: 64 << 10 };
const SPEED: ReadSpeed = ReadSpeed { calm: LENIENT, contended: LENIENT, longest: Duration::from_hours(1) };

/// Places of which all but one are taken, and that one as well.
async fn room() -> (Places, [Place; 2]) {
    let places = Places::default();
    let place = async || places.take(None).await.expect("a place");
    let taken = [place().await, place().await];
    (places, taken)
}

/// Waits until a place is free.
async fn wait_for_place(places: &Places) -> Place {
    loop {
        if let Some(place) = places.take(None).await {
            return place;
        }
    }
}

#[test]
fn export_required_read_speed_depends_on_contention() {
    let patience = |slowest| BodyTimeout { grace: Duration::from_secs(30), slowest };
    let (calm, contended) = (patience(1 << 10), patience(10 << 10));
    let speed = ReadSpeed { calm, contended, longest: Duration::from_mins(10) };
    for (name, is_contended, sent, elapsed, stalled, left) in [
        ("at the beginning", false, 0, 0, 0, 30),
        ("fast enough", false, 100, 100, 0, 30),
        ("too slow", false, 100, 130, 0, 0),
        ("stalled", false, 1_000, 10, 25, 5),
        ("fast enough while no request waits", true, 100, 100, 0, 0),
        ("fast enough while a request waits", true, 100, 15, 0, 25),
        ("too long", false, 100_000, 590, 0, 10),
        ("much too long", false, 100_000, 601, 0, 0),
    ] {
        let seconds = Duration::from_secs;
        let left_by_speed = speed.left(is_contended, sent << 10, seconds(elapsed), seconds(stalled));
        assert_eq!(left_by_speed, seconds(left), "{name}");
    }
}

#[actix_web::test]
async fn export_stream_is_complete_and_frees_its_place() {
    let (export, ended) = export(30, false).await;
    let (places, [place, _other]) = room().await;
    let pieces: Vec<_> = stream(export, place, SPEED).collect().await;
    assert!(pieces.len() > 10, "{}", pieces.len());
    let pieces: Vec<Bytes> = pieces.into_iter().map(|piece| piece.expect("a piece")).collect();
    assert!(pieces.iter().all(|piece| piece.len() < CHUNK_BYTES + 1_000));
    let text = pieces.concat();
    let mut reader = Reader::new(&*text);
    while reader.next_line().expect("a line").is_some() {}
    assert_eq!(reader.number(), 2 + 30 * 100 + 1);
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    drop(wait_for_place(&places).await);
}

#[actix_web::test]
async fn export_stream_failure_breaks_the_response_off() {
    let (export, ended) = export(3, true).await;
    let (places, [place, _other]) = room().await;
    let pieces: Vec<_> = stream(export, place, SPEED).collect().await;
    assert!(pieces.last().expect("a piece").is_err(), "no client may take this for the end");
    drop(wait_for_place(&places).await);
    assert_eq!(ended.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn export_stream_of_gone_or_stalled_client_ends() {
    let (hung_up, ended) = export(usize::MAX - 1, false).await;
    let (places, [place, _other]) = room().await;
    let mut body = Box::pin(stream(hung_up, place, SPEED));
    body.next().await.expect("a piece").expect("a piece");
    drop(body);
    drop(wait_for_place(&places).await);
    assert_eq!(ended.load(Ordering::SeqCst), 1);

    let (unread, ended) = export(usize::MAX - 1, false).await;
    let (places, [place, _other]) = room().await;
    let impatient = BodyTimeout { grace: Duration::from_millis(20), slowest: 64 << 10 };
    let body = Box::pin(stream(unread, place, ReadSpeed { calm: impatient, contended: impatient, ..SPEED }));
    drop(wait_for_place(&places).await);
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    let pieces: Vec<_> = body.collect().await;
    assert!(pieces.len() <= CHUNKS_AHEAD + 2 && pieces.last().expect("a piece").is_err());
}
