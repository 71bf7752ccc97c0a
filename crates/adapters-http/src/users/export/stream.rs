//! An export as a body: a task reads a few pieces ahead of the client, and ends when the client is gone.

use std::time::Duration;

use actix_web::web::Bytes;
use domain::portability::Export;
use futures_util::Stream;
use futures_util::stream::unfold;
use portable::{Line, Writer};
use thiserror::Error;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout};

use super::places::Place;
use crate::body::BodyTimeout;

/// Bytes of a piece, about.
const CHUNK_BYTES: usize = 64 << 10;

/// How many pieces wait for the client at most.
const CHUNKS_AHEAD: usize = 4;

/// The interval at which a client that does not read is checked: the required speed can have risen.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The speed at which a client must read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadSpeed {
    /// While no request waits for a place.
    pub(super) calm: BodyTimeout,
    /// While requests wait for a place.
    pub(super) contended: BodyTimeout,
    /// The timeout of an export at any speed.
    pub(super) longest: Duration,
}

impl ReadSpeed {
    /// How long from now on a client may still take nothing that has taken `sent` bytes in `elapsed` and nothing for `stalled`.
    fn left(&self, is_contended: bool, sent: usize, elapsed: Duration, stalled: Duration) -> Duration {
        let patience = if is_contended { &self.contended } else { &self.calm };
        let whole = patience.for_bytes(sent).min(self.longest).saturating_sub(elapsed);
        whole.min(patience.grace.saturating_sub(stalled))
    }
}

/// Why a body ends before its end; the client sees a broken connection.
#[derive(Debug, Error)]
#[error("the export was given up")]
pub(super) struct ExportBroken;

/// A part of the body.
enum Chunk {
    Piece(Vec<u8>),
    /// There is no more, and nothing is missing.
    Done,
}

/// The body of `export`, which frees `place` when it ends.
pub(super) fn stream(
    export: Export,
    place: Place,
    speed: ReadSpeed,
) -> impl Stream<Item = Result<Bytes, ExportBroken>> {
    let (sender, receiver) = channel(CHUNKS_AHEAD);
    tokio::spawn(async move {
        let user = export.user.id;
        let started = Instant::now();
        let mut desk = Desk { sender, place, speed, started, sent: 0, writer: Writer::default() };
        match desk.write_all(export).await {
            Ok(()) => tracing::info!(%user, bytes = desk.sent, "export finished"),
            Err(reason) => tracing::warn!(%user, bytes = desk.sent, %reason, "export aborted"),
        }
    });
    unfold(Some(receiver), async |receiver: Option<Receiver<Chunk>>| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Chunk::Piece(piece)) => Some((Ok(Bytes::from(piece)), Some(receiver))),
            Some(Chunk::Done) => None,
            None => Some((Err(ExportBroken), None)),
        }
    })
}

/// Writes lines and hands them over in pieces.
struct Desk {
    sender: Sender<Chunk>,
    place: Place,
    speed: ReadSpeed,
    started: Instant,
    sent: usize,
    writer: Writer,
}

impl Desk {
    /// Writes the whole of `export`; the error says why not.
    async fn write_all(&mut self, mut export: Export) -> Result<(), String> {
        self.write(&portable::manifest(&export)).await?;
        self.write(&portable::account(&export.user)).await?;
        while let Some(part) = export.next().await.map_err(|error| error.to_string())? {
            for line in portable::lines_of(part) {
                self.write(&line?).await?;
            }
        }
        // Nothing is read any more: the connection need not wait for the client.
        drop(export);
        self.writer.end().map_err(|error| error.to_string())?;
        self.hand_over().await?;
        self.send(Chunk::Done).await
    }

    async fn write(&mut self, line: &Line) -> Result<(), String> {
        self.writer.write(line).map_err(|error| error.to_string())?;
        if self.writer.len() < CHUNK_BYTES { Ok(()) } else { self.hand_over().await }
    }

    async fn hand_over(&mut self) -> Result<(), String> {
        let piece = self.writer.take();
        self.sent += piece.len();
        self.send(Chunk::Piece(piece)).await
    }

    /// Waits until there is room for one more, as long as the speed allows.
    async fn send(&mut self, chunk: Chunk) -> Result<(), String> {
        let waiting = Instant::now();
        loop {
            let is_contended = self.place.is_contended();
            let left = self.speed.left(is_contended, self.sent, self.started.elapsed(), waiting.elapsed());
            match timeout(left.min(CHECK_INTERVAL), self.sender.reserve()).await {
                Ok(Ok(room)) => {
                    room.send(chunk);
                    return Ok(());
                }
                Ok(Err(_)) => return Err("the client hung up".to_owned()),
                Err(_) if left <= CHECK_INTERVAL => return Err("the client reads too slowly".to_owned()),
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
