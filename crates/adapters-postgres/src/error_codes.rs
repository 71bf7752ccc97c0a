//! Puts the SQLSTATE of an error before its text, as in `53100: could not extend file`.
//!
//! diesel passes on the text of an error and not its code, and the text is in the server's language. The code decides whether a
//! later attempt can succeed, so the stream of a connection adds it to each `ErrorResponse` before the driver reads it.
//!
//! Statements that are sent together fail together: the first for its cause, the others because the transaction is aborted. Which of
//! them the caller sees first is chance, so each gets the error of the first.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 8 * 1024;

/// The type of a message and its length, which does not count the type.
const HEADER_BYTES: usize = 5;

/// The code of an error that only says that an earlier statement has aborted the transaction.
const IN_FAILED_TRANSACTION: &[u8] = b"25P02";

/// Larger errors pass unchanged.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The code and the text of an error that passed through [`ErrorCodes`].
pub(crate) fn split_code(message: &str) -> (Option<&str>, &str) {
    // `ERROR` has five capitals too. Every code has a digit.
    let is_code = |code: &str| {
        code.len() == 5
            && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && code.bytes().any(|byte| byte.is_ascii_digit())
    };
    match message.split_once(": ") {
        Some((code, text)) if is_code(code) => (Some(code), text),
        _ => (None, message),
    }
}

/// Adds codes to the errors among the messages that pass through it. Errors before the first `ReadyForQuery` pass unchanged, because
/// the driver returns their code from `connect`.
pub(crate) struct ErrorCodes {
    is_open: bool,
    /// Bytes of the current message that are still to pass unread.
    passing: usize,
    /// The begin of a message: its header, or of an error all that was received.
    held: Vec<u8>,
    /// The length of `held` at which the next step is decided.
    wanted: usize,
    /// Bytes for the reader, of which `delivered` were read.
    ready: Vec<u8>,
    delivered: usize,
    chunk: Box<[u8]>,
    /// The last error that was not the consequence of another, as it was passed on.
    cause: Vec<u8>,
}

impl ErrorCodes {
    pub(crate) fn new() -> Self {
        Self {
            is_open: false,
            passing: 0,
            held: Vec::new(),
            wanted: HEADER_BYTES,
            ready: Vec::new(),
            delivered: 0,
            chunk: vec![0; CHUNK_BYTES].into_boxed_slice(),
            cause: Vec::new(),
        }
    }

    /// Reads with `read` into `buf`.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        mut read: impl FnMut(&mut Context<'_>, &mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        while self.delivered == self.ready.len() {
            self.ready.clear();
            self.delivered = 0;
            let mut chunk = ReadBuf::new(&mut self.chunk);
            ready!(read(context, &mut chunk))?;
            let received = chunk.filled().len();
            if received == 0 {
                // The server closed the connection, perhaps in the middle of a message.
                self.ready.append(&mut self.held);
                break;
            }
            let chunk = std::mem::take(&mut self.chunk);
            self.receive(&chunk[..received]);
            self.chunk = chunk;
        }
        let count = buf.remaining().min(self.ready.len() - self.delivered);
        buf.put_slice(&self.ready[self.delivered..self.delivered + count]);
        self.delivered += count;
        Poll::Ready(Ok(()))
    }

    fn receive(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.passing > 0 {
                let (passed, rest) = bytes.split_at(bytes.len().min(self.passing));
                self.ready.extend_from_slice(passed);
                self.passing -= passed.len();
                bytes = rest;
                continue;
            }
            let (part, rest) = bytes.split_at(bytes.len().min(self.wanted - self.held.len()));
            self.held.extend_from_slice(part);
            bytes = rest;
            if self.held.len() == self.wanted {
                self.decide();
            }
        }
    }

    /// Decides on a header or a whole error in `held`.
    fn decide(&mut self) {
        if let [kind, a, b, c, d] = self.held[..] {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            let body = length.saturating_sub(HEADER_BYTES - 1);
            if self.is_open && kind == b'E' && (1..=MAX_ERROR_BYTES).contains(&body) {
                self.wanted = HEADER_BYTES + body;
                return;
            }
            self.is_open |= kind == b'Z';
            self.passing = body;
            self.ready.append(&mut self.held);
            return;
        }
        let error = std::mem::take(&mut self.held);
        self.wanted = HEADER_BYTES;
        match with_code(&error) {
            Some((_, IN_FAILED_TRANSACTION)) if !self.cause.is_empty() => self.ready.extend_from_slice(&self.cause),
            Some((coded, code)) => {
                self.ready.extend_from_slice(&coded);
                if code != IN_FAILED_TRANSACTION {
                    self.cause = coded;
                }
            }
            None => self.ready.extend(error),
        }
    }
}

/// The `ErrorResponse` with its code before its text, and the code; `None` if it lacks one of them.
fn with_code(error: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut code, mut text) = (None, None);
    let mut at = HEADER_BYTES;
    // Each field is its type, a text and a zero. A zero instead of a type ends them.
    while let Some(kind) = error.get(at).filter(|kind| **kind != 0) {
        let value = &error[at + 1..];
        let value = &value[..value.iter().position(|byte| *byte == 0)?];
        match kind {
            b'C' => code = Some(value),
            b'M' => text = Some(at + 1),
            _ => {}
        }
        at += 1 + value.len() + 1;
    }
    let (code, text) = code.zip(text)?;
    let body = [&error[HEADER_BYTES..text], code, b": ", &error[text..]].concat();
    let length = u32::try_from(body.len() + HEADER_BYTES - 1).ok()?;
    Some(([&error[..1], &length.to_be_bytes(), &body].concat(), code))
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).expect("a short message");
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn error(text: &str) -> Vec<u8> {
        message(b'E', format!("SFEHLER\0VERROR\0C53100\0M{text}\0Fmd.c\0\0").as_bytes())
    }

    /// What a reader gets of `sent`, if reads return `step` bytes at a time.
    fn passed(sent: &[u8], step: usize) -> Vec<u8> {
        let mut codes = ErrorCodes::new();
        let (mut chunks, mut read) = (sent.chunks(step), Vec::new());
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let mut bytes = [0; 7];
            let mut buf = ReadBuf::new(&mut bytes);
            let polled = codes.poll_read(&mut context, &mut buf, |_, part| {
                part.put_slice(chunks.next().unwrap_or_default());
                Poll::Ready(Ok(()))
            });
            assert!(matches!(polled, Poll::Ready(Ok(()))));
            if buf.filled().is_empty() {
                return read;
            }
            read.extend_from_slice(buf.filled());
        }
    }

    #[test]
    fn error_after_start_gets_its_code_and_other_messages_pass_unchanged() {
        let ready = message(b'Z', b"I");
        let row = message(b'D', b"E\0\0\0\x10C53100\0Mno error\0");
        let early = error("wrong password");
        let late = error("Festplatte voll");
        let coded = error("53100: Festplatte voll");
        let without_code = message(b'E', b"SERROR\0Mtext\0\0");
        let cut_off = &late[..late.len() - 3];
        let sent = [&early, &ready, &row, &late, &row, &late, &late, &without_code, &ready, cut_off].concat();
        let expected = [&early, &ready, &row, &coded, &row, &coded, &coded, &without_code, &ready, cut_off].concat();
        for step in [1, 2, 3, 5, 8, 21, sent.len()] {
            assert_eq!(passed(&sent, step), expected, "{step}");
        }
    }

    #[test]
    fn error_in_a_failed_transaction_is_replaced_by_its_cause() {
        let error = |code: &str, text: &str| message(b'E', format!("SERROR\0C{code}\0M{text}\0\0").as_bytes());
        let ready = message(b'Z', b"I");
        let (cause, other) = (error("40001", "try again"), error("23505", "taken"));
        let aborted = error("25P02", "current transaction is aborted");
        let sent = [&ready, &aborted, &cause, &aborted, &aborted, &ready, &other, &aborted].map(Vec::as_slice).concat();
        let [cause, other] = [error("40001", "40001: try again"), error("23505", "23505: taken")];
        let first = error("25P02", "25P02: current transaction is aborted");
        let expected = [&ready, &first, &cause, &cause, &cause, &ready, &other, &other].map(Vec::as_slice).concat();
        for step in [1, 7, sent.len()] {
            assert_eq!(passed(&sent, step), expected, "{step}");
        }
    }

    #[test]
    fn code_is_split_from_text() {
        for (message, expected) in [
            ("53100: no space: none", (Some("53100"), "no space: none")),
            ("57P01: terminating", (Some("57P01"), "terminating")),
            ("ERROR: boom", (None, "ERROR: boom")),
            ("deadlock detected", (None, "deadlock detected")),
            ("connection closed: why", (None, "connection closed: why")),
        ] {
            assert_eq!(split_code(message), expected);
        }
    }
}
