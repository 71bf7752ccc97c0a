//! The body of a sync request: it can be large, so a budget admits it, and a thread that serves no requests reads it.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use domain::usage::SyncBatch;

use super::parse;
use crate::body::encoding::{DecodeError, Encoding};
use crate::body::raw::{self, MediaType};
use crate::body::{Budgeted, CollectedBody, UnreadBody, unblocked};
use crate::error::{ApiError, ApiResult};

/// Bodies up to this size are read on the thread that serves the request: that is faster than a hand-over.
const SMALL: usize = 64 << 10;

/// How many times its packed size a body is first expected to have; JSON of messages packs about tenfold.
const USUAL_RATIO: usize = 16;

/// The body of a sync request, not read yet.
pub struct SyncBody(UnreadBody);

impl SyncBody {
    /// Reads the batch: 415, 413, 400 or 422 when the body is not one, 429 or 503 when there is no room for it. The batch
    /// holds its part of the budget, which ends with it: keep it until the work is done.
    pub async fn read(self) -> ApiResult<Budgeted<SyncBatch>> {
        let limits = self.0.limits();
        let CollectedBody { bytes, encoding, mut charge } = self.0.collect(MediaType::Json, limits.sync).await?;
        let packed = bytes.len();
        let expected = match encoding {
            Encoding::Identity => packed,
            _ => packed.saturating_mul(USUAL_RATIO).min(limits.sync),
        };
        if encoding != Encoding::Identity {
            charge.grow_to(packed + expected).await?;
        }
        let (bytes, mut outcome) = read(bytes, encoding, expected, limits.sync_messages).await?;
        if matches!(outcome, Outcome::TooLarge) && expected < limits.sync {
            // It unpacks to more than was expected.
            charge.grow_to(packed + limits.sync).await?;
            outcome = read(bytes, encoding, limits.sync, limits.sync_messages).await?.1;
        }
        match outcome {
            Outcome::Read(batch) => Ok(Budgeted::new(batch?, charge)),
            Outcome::TooLarge => Err(ApiError::payload_too_large(limits.sync)),
        }
    }
}

enum Outcome {
    Read(ApiResult<SyncBatch>),
    TooLarge,
}

/// Unpacks and parses; gives the packed bytes back when they unpack to more than `limit`.
async fn read(bytes: Vec<u8>, encoding: Encoding, limit: usize, most: usize) -> ApiResult<(Vec<u8>, Outcome)> {
    if encoding == Encoding::Identity && bytes.len() <= SMALL {
        return Ok(unpack_and_parse(bytes, encoding, limit, most));
    }
    unblocked(move || unpack_and_parse(bytes, encoding, limit, most)).await
}

fn unpack_and_parse(bytes: Vec<u8>, encoding: Encoding, limit: usize, most: usize) -> (Vec<u8>, Outcome) {
    let read = match encoding.decode(&bytes, limit) {
        Ok(unpacked) => parse_bytes(&unpacked, most),
        Err(DecodeError::TooLarge) => return (bytes, Outcome::TooLarge),
        Err(failure) => Err(failure.answer(limit)),
    };
    (Vec::new(), Outcome::Read(read))
}

fn parse_bytes(bytes: &[u8], most: usize) -> ApiResult<SyncBatch> {
    Ok(parse(raw::utf8(bytes)?, most)?)
}

impl FromRequest for SyncBody {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(UnreadBody::of(request, payload))))
    }
}
