//! Files of protobuf: one request, or requests of which each follows its length, as the Collector's file exporter writes them.

use std::io::{self, Read};
use std::mem;

use crate::response::Response;

use super::message::ExportRequest;
use super::{EventReader, add_responses, contains};

/// Longer requests are not read. Servers take 4 to 16 MiB.
const LONGEST_REQUEST: u64 = 64 << 20;

/// Calls `on_request` with the responses of each request, and whether it was understood.
pub(super) fn read<R: EventReader>(
    input: impl Read,
    mut on_request: impl FnMut(Vec<Response>, Result<(), String>),
) -> io::Result<()> {
    let mut requests = Requests::new(input);
    while let Some(request) = requests.next()? {
        let mut responses = Vec::new();
        let result = match request {
            Request::Whole(request) => add_request::<R>(&request, &mut responses),
            Request::TooLong => Err("request longer than 64 MiB".to_owned()),
        };
        on_request(responses, result);
    }
    Ok(())
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
