//! The bytes of a body: checks of the headers, and reading with limits of time and size.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::budget::Charge;
use super::encoding::Encoding;
use crate::error::{ApiError, ApiResult};

/// The slowest rate of a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyTimeout {
    /// The time that every body has.
    pub grace: Duration,
    /// Bytes per second that a body needs beyond that time.
    pub slowest: u32,
}

impl Default for BodyTimeout {
    fn default() -> Self {
        Self { grace: Duration::from_secs(15), slowest: 16 << 10 }
    }
}

impl BodyTimeout {
    /// The longest time for `count` bytes.
    pub(crate) fn for_bytes(self, count: usize) -> Duration {
        let kilobytes = u32::try_from(count >> 10).unwrap_or(u32::MAX);
        self.grace + Duration::from_secs(1) * kilobytes / (self.slowest >> 10).max(1)
    }
}

/// The body as its headers declare it.
#[derive(Debug)]
pub(super) struct DeclaredBody {
    pub(super) encoding: Encoding,
    /// Bytes on the wire.
    pub(super) length: Option<usize>,
}

impl DeclaredBody {
    /// Checks the headers before a byte is read: 415, 413, 400.
    pub(super) fn of(request: &HttpRequest, media: MediaType, limit: usize) -> ApiResult<Self> {
        if !media.fits(request) {
            return Err(match media {
                MediaType::Json => ApiError::unsupported_media_type(),
                MediaType::Form => ApiError::not_a_form(),
            });
        }
        let length = request.headers().get(CONTENT_LENGTH).and_then(|header| header.to_str().ok()?.parse().ok());
        // What is too large while it is packed is not smaller unpacked.
        if length.is_some_and(|length| length > limit) {
            return Err(ApiError::payload_too_large(limit));
        }
        Ok(Self { encoding: Encoding::of(request.headers())?, length })
    }
}

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// JSON; a body without a media type counts as JSON.
    Json,
    /// The fields of an HTML form, as browsers send them.
    Form,
}

impl MediaType {
    /// Whether the headers of `request` declare such a body.
    fn fits(self, request: &HttpRequest) -> bool {
        let is_silent =
            request.headers().get(CONTENT_TYPE).is_none_or(|header| header.as_bytes().trim_ascii().is_empty());
        if is_silent {
            return self == Self::Json;
        }
        let Ok(Some(mime)) = request.mime_type() else { return false };
        let is_json = || mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json");
        mime.type_() == "application"
            && match self {
                Self::Json => is_json(),
                Self::Form => mime.subtype() == "x-www-form-urlencoded",
            }
    }
}

/// Room for a body is made in steps of at least so many bytes.
const LEAST_ROOM: usize = 4 << 10;

/// Reads the body, up to `limit` bytes. It is charged for the bytes that have arrived, whatever its headers declare.
pub(super) async fn collect(
    payload: &mut Payload,
    declared: &DeclaredBody,
    limit: usize,
    patience: BodyTimeout,
    charge: &mut Charge,
) -> ApiResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = declared.length.map_or(limit, |length| length.min(limit));
    let mut waited = Duration::ZERO;
    let started = Instant::now();
    loop {
        let chunk = timeout_at(started + waited + patience.for_bytes(bytes.len()), payload.next()).await;
        let chunk = chunk.map_err(|_| {
            ApiError::bad_request("The body arrived too slowly. Retry on a faster connection, or send less at once.")
        })?;
        let Some(chunk) = chunk else { return Ok(bytes) };
        let chunk = chunk.map_err(|_| ApiError::bad_request("The connection ended before the body was complete."))?;
        if chunk.len() > limit - bytes.len() {
            return Err(ApiError::payload_too_large(limit));
        }
        let needed = bytes.len() + chunk.len();
        if needed > charge.bytes() {
            // The client cannot send while the server waits for room.
            let waiting = Instant::now();
            let room = needed.max((bytes.len() / 2 * 3).min(most)).max(LEAST_ROOM.min(most));
            charge.grow_to(room).await?;
            waited += waiting.elapsed();
        }
        bytes.reserve_exact(charge.bytes().max(needed) - bytes.len());
        bytes.extend_from_slice(&chunk);
    }
}

/// The bytes as text, without a byte order mark; 400 when they are not UTF-8.
pub(crate) fn utf8(bytes: &[u8]) -> ApiResult<&str> {
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::bad_request("The body must be UTF-8."))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
