//! Files of protobuf: one request, or requests of which each follows its length, as the Collector's file exporter writes them.

use std::io::{self, Read};
use std::mem;

use crate::archive;
use crate::files::FileEntry;
use crate::jsonl::wait_for_turn;
use crate::response::Response;

use super::message::ExportRequest;
use super::{EventReader, ReadFile, add_responses, contains};

/// Longer requests are not read. Servers take 4 to 16 MiB.
const LONGEST_REQUEST: u64 = 64 << 20;

pub(super) fn read<R: EventReader>(entry: &FileEntry) -> Result<ReadFile, String> {
    let _turn = wait_for_turn(entry.stamp.size);
    let (mut responses, mut problems) = (Vec::new(), Vec::new());
    let mut requests = Requests::new(archive::open(&entry.path).map_err(|error| error.kind().to_string())?);
    let mut number = 0;
    while let Some(request) = requests.next().map_err(|error| error.kind().to_string())? {
        number += 1;
        let result = match request {
            Request::Whole(request) => add_request::<R>(&request, &mut responses),
            Request::TooLong => Err("request longer than 64 MiB".to_owned()),
        };
        if let Err(reason) = result {
            problems.push((number, reason));
        }
    }
    Ok((responses, problems))
}

fn add_request<R: EventReader>(request: &[u8], responses: &mut Vec<Response>) -> Result<(), String> {
    if !contains(request, R::NEEDLE) {
        return Ok(());
    }
    add_responses::<R>(ExportRequest::from_protobuf(request)?, responses)
}

enum Request {
    Whole(Vec<u8>),
    TooLong,
}

/// The requests of a file, one after the other.
struct Requests<R> {
    input: R,
    is_first: bool,
    is_end: bool,
}

impl<R: Read> Requests<R> {
    fn new(input: R) -> Self {
        Self { input, is_first: true, is_end: false }
    }

    /// The next request; `None` at the end. One that is not written to its end follows in a later scan.
    fn next(&mut self) -> io::Result<Option<Request>> {
        if self.is_end {
            return Ok(None);
        }
        let mut head = Vec::with_capacity(4);
        self.input.by_ref().take(4).read_to_end(&mut head)?;
        // A request begins with the number of a field, which is not 0, and the length of one below 16 MiB begins with 0.
        if mem::take(&mut self.is_first) && head.first().is_some_and(|first| *first != 0) {
            self.is_end = true;
            self.input.by_ref().take(LONGEST_REQUEST).read_to_end(&mut head)?;
            let is_whole = head.len() as u64 <= LONGEST_REQUEST;
            return Ok(Some(if is_whole { Request::Whole(head) } else { Request::TooLong }));
        }
        let Ok(length) = <[u8; 4]>::try_from(head) else { return Ok(None) };
        let length = u64::from(u32::from_be_bytes(length));
        let mut rest = self.input.by_ref().take(length);
        if length > LONGEST_REQUEST {
            let is_there = io::copy(&mut rest, &mut io::sink())? == length;
            return Ok(is_there.then_some(Request::TooLong));
        }
        let mut request = Vec::new();
        let is_there = rest.read_to_end(&mut request)? as u64 == length;
        Ok(is_there.then_some(Request::Whole(request)))
    }
}
