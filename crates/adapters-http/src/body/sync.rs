//! The body of a sync request: large, so it is admitted by a budget and read away from the threads that serve others.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::usage::Batch;
use tokio::task::spawn_blocking;

use super::encoding::{Encoding, Failure};
use super::raw::{self, Declared};
use super::{Admitted, ByteBudget, Unread};
use crate::error::{ApiError, ApiResult};
use crate::sync::parse;

/// Bodies up to this size are read where they arrive: that takes less than handing them over.
const SMALL: usize = 64 << 10;

/// How many times its packed size a body is first expected to have; JSON of messages packs about tenfold.
const USUAL_RATIO: usize = 16;

/// The body of a sync request, not read yet.
pub struct SyncBody(Unread);

impl SyncBody {
    /// Reads the batch: 415, 413, 400 or 422 when the body is not one, 503 when too many large bodies are being
    /// worked on. The batch holds its part of the budget, which ends with it: keep it until the work is done.
    pub async fn read(self) -> ApiResult<Admitted<Batch>> {
        let limits = self.0.limits();
        let Unread { request, mut payload } = self.0;
        let declared = Declared::of(&request, limits.sync)?;
        let budget = request.app_data::<Data<ByteBudget>>().map(|budget| ByteBudget::clone(budget)).unwrap_or_default();
        let expected = expected_size(&declared, limits.sync);
        let part = budget.take(expected).await?;
        let bytes = raw::collect(&mut payload, &declared, limits.sync, limits.patience).await?;

        let (bytes, outcome) = read(bytes, declared.encoding, expected, limits.sync_messages).await?;
        let (part, outcome) = if matches!(outcome, Outcome::TooLarge) && expected < limits.sync {
            // It unpacks to more than it was admitted for. Its part goes back first: nobody waits while holding one.
            drop(part);
            let part = budget.take(limits.sync).await?;
            (part, read(bytes, declared.encoding, limits.sync, limits.sync_messages).await?.1)
        } else {
            (part, outcome)
        };
        match outcome {
            Outcome::Read(batch) => Ok(Admitted::new(batch?, part)),
            Outcome::TooLarge => Err(ApiError::payload_too_large(limits.sync)),
        }
    }
}

/// The bytes a body is expected to have, decompressed.
fn expected_size(declared: &Declared, limit: usize) -> usize {
    match (declared.length, declared.encoding) {
        (Some(length), Encoding::Identity) => length,
        (Some(length), _) => length.saturating_mul(USUAL_RATIO).min(limit),
        (None, _) => limit,
    }
}

enum Outcome {
    Read(ApiResult<Batch>),
    TooLarge,
}

/// Unpacks and parses; gives the packed bytes back when they unpack to more than `limit`.
async fn read(bytes: Vec<u8>, encoding: Encoding, limit: usize, most: usize) -> ApiResult<(Vec<u8>, Outcome)> {
    if encoding == Encoding::Identity && bytes.len() <= SMALL {
        return Ok(unpack_and_parse(bytes, encoding, limit, most));
    }
    let reading = spawn_blocking(move || unpack_and_parse(bytes, encoding, limit, most));
    reading.await.map_err(|error| {
        tracing::error!(%error, "reading a sync body failed");
        ApiError::internal()
    })
}

fn unpack_and_parse(bytes: Vec<u8>, encoding: Encoding, limit: usize, most: usize) -> (Vec<u8>, Outcome) {
    let read = match encoding.decode(&bytes, limit) {
        Ok(unpacked) => parse_bytes(&unpacked, most),
        Err(Failure::TooLarge) => return (bytes, Outcome::TooLarge),
        Err(corrupt @ Failure::Corrupt) => Err(corrupt.answer(limit)),
    };
    (Vec::new(), Outcome::Read(read))
}

fn parse_bytes(bytes: &[u8], most: usize) -> ApiResult<Batch> {
    Ok(parse(raw::utf8(bytes)?, most)?)
}

impl FromRequest for SyncBody {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(Unread::of(request, payload))))
    }
}
