//! Lines of a file in bounded memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use memchr::memchr;

use crate::fingerprint::hash_64;
use crate::state::FileState;

/// Longer lines are skipped and reported. Tools log whole files and pictures in one line, but hardly more than 40 MB.
pub(crate) const LONGEST_LINE: usize = 64 << 20;

const FIRST_BUFFER: usize = 256 << 10;

/// Larger buffers exist one at a time, so that a file per core with a huge line each fits into memory.
const SHARED_BUFFER: usize = 8 << 20;
static LARGE_BUFFER: Mutex<()> = Mutex::new(());

/// Bytes at either end of the read part of a file that must be the same when reading continues.
const GUARD: u64 = 4 << 10;

pub(crate) enum Line<'a> {
    /// Without its line end, byte order mark and the NULs that a crash of the machine leaves.
    Text(&'a [u8]),
    TooLong,
}

/// Waits until a buffer of this size may be used.
pub(crate) fn wait_for_turn(size: u64) -> Option<MutexGuard<'static, ()>> {
    (size > SHARED_BUFFER as u64).then(|| LARGE_BUFFER.lock().unwrap_or_else(PoisonError::into_inner))
}

/// How far lines were complete. The rest is pending: its writer may still be at it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Consumed {
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    /// Nothing follows but a line without an end. Otherwise the limit was reached.
    pub(crate) is_end: bool,
}

/// Calls `on_line` for each line that has a line end, up to the one that reaches `limit` bytes.
pub(crate) fn read_lines(mut input: impl Read, limit: u64, mut on_line: impl FnMut(Line<'_>)) -> io::Result<Consumed> {
    let mut consumed = Consumed::default();
    let mut buffer = vec![0; FIRST_BUFFER];
    let mut large = None;
    // buffer[start..end] is not consumed yet, buffer[start..searched] has no line end.
    let (mut start, mut searched, mut end) = (0, 0, 0);
    // Bytes of a line that is too long, once it is.
    let mut skipped: Option<u64> = None;
    loop {
        while let Some(length) = memchr(b'\n', &buffer[searched..end]) {
            let line_end = searched + length;
            consumed.lines += 1;
            consumed.bytes += (line_end + 1 - start) as u64 + skipped.unwrap_or(0);
            if skipped.take().is_some() {
                on_line(Line::TooLong);
            } else {
                on_line(Line::Text(trim(&buffer[start..line_end])));
            }
            if consumed.bytes >= limit {
                return Ok(consumed);
            }
            start = line_end + 1;
            searched = start;
        }
        searched = end;
        if end - start > LONGEST_LINE || skipped.is_some() {
            *skipped.get_or_insert(0) += (end - start) as u64;
            (start, searched, end) = (0, 0, 0);
        } else if start > 0 {
            buffer.copy_within(start..end, 0);
            (searched, end) = (searched - start, end - start);
            start = 0;
        }
        if buffer.len() > SHARED_BUFFER && end < FIRST_BUFFER {
            // The huge line is over.
            buffer = Vec::from(&buffer[..end]);
            buffer.resize(FIRST_BUFFER, 0);
            large = None;
        }
        if end == buffer.len() {
            let size = buffer.len() * 2;
            if large.is_none() {
                large = wait_for_turn(size as u64);
            }
            buffer.reserve_exact(size - buffer.len());
            buffer.resize(size, 0);
        }
        match input.read(&mut buffer[end..]) {
            Ok(0) => return Ok(Consumed { is_end: true, ..consumed }),
            Ok(count) => end += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads what follows the known part of a file, which is nothing where the file was replaced, up to a line that reaches `limit` bytes. Calls
/// `on_start` with whether reading continues, and `on_line` with each line and its number.
pub(crate) fn read_file<S>(
    path: &Path,
    known: Option<&FileState>,
    limit: u64,
    on_start: impl FnOnce(Option<&FileState>) -> S,
    mut on_line: impl FnMut(&mut S, Line<'_>, u64),
) -> io::Result<(S, FileState, Consumed)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut known = known.filter(|known| known.offset <= size);
    if let Some(state) = known
        && guards(&mut file, state.offset)? != (state.head, state.tail)
    {
        known = None;
    }
    let mut state = FileState {
        offset: known.map_or(0, |known| known.offset),
        line: known.map_or(0, |known| known.line),
        ..FileState::default()
    };
    let mut reading = on_start(known);
    file.seek(SeekFrom::Start(state.offset))?;
    let mut number = state.line;
    let consumed = read_lines(&file, limit, |line| {
        number += 1;
        on_line(&mut reading, line, number);
    })?;
    state.offset += consumed.bytes;
    state.line += consumed.lines;
    (state.head, state.tail) = guards(&mut file, state.offset)?;
    Ok((reading, state, consumed))
}

/// Hashes of the first and of the last bytes before an offset.
fn guards(file: &mut File, offset: u64) -> io::Result<(u64, u64)> {
    let mut hash = |from: u64| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.by_ref().take(GUARD.min(offset)).read_to_end(&mut bytes)?;
        Ok::<u64, io::Error>(hash_64(&bytes))
    };
    Ok((hash(0)?, hash(offset.saturating_sub(GUARD))?))
}

fn trim(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\r").unwrap_or(line);
    while let [0, rest @ ..] = line {
        line = rest;
    }
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: impl Read) -> (Vec<Vec<u8>>, Consumed) {
        let mut lines = Vec::new();
        let consumed = read_lines(input, u64::MAX, |line| {
            lines.push(match line {
                Line::Text(text) => text.to_vec(),
                Line::TooLong => b"too long".to_vec(),
            });
        })
        .unwrap();
        (lines, consumed)
    }

    #[test]
    fn lines_are_trimmed_and_the_torn_one_is_pending() {
        let (found, consumed) = lines(&b"\xef\xbb\xbfone\r\n\0\0\0two\n\nthree"[..]);
        assert_eq!(found, [&b"one"[..], b"two", b""]);
        assert_eq!(consumed, Consumed { bytes: 16, lines: 3, is_end: true });
    }

    #[test]
    fn lines_of_any_length_are_whole() {
        let mut content = Vec::new();
        let lengths = [0, 1, FIRST_BUFFER - 1, FIRST_BUFFER, FIRST_BUFFER + 1, 9 << 20, 3, 40 << 20, 5];
        for length in lengths {
            content.extend(std::iter::repeat_n(b'x', length));
            content.push(b'\n');
        }
        let (found, consumed) = lines(&content[..]);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
        assert_eq!(consumed.bytes, content.len() as u64);
    }

    #[test]
    fn lines_end_with_the_one_that_reaches_the_limit() {
        for (limit, expected) in [(0, 1), (4, 1), (5, 2), (8, 2), (9, 3), (100, 3)] {
            let mut count = 0;
            let consumed = read_lines(&b"one\ntwo\nthree\n"[..], limit, |_| count += 1).unwrap();
            assert_eq!((count, consumed.lines, consumed.is_end), (expected, expected, limit > 14), "{limit}");
        }
    }

    #[test]
    fn line_too_long_is_skipped_and_the_next_is_read() {
        let long = io::repeat(b'x').take(LONGEST_LINE as u64 * 2 + 7);
        let (found, consumed) = lines((&b"one\n"[..]).chain(long).chain(&b"\ntwo\n"[..]));
        assert_eq!(found, [&b"one"[..], b"too long", b"two"]);
        assert_eq!(consumed, Consumed { bytes: 4 + LONGEST_LINE as u64 * 2 + 8 + 4, lines: 3, is_end: true });
    }
}
