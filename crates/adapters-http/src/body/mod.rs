//! Request bodies, read in the contract's order of checks: media type, size, encoding, then what the JSON says.
//!
//! A handler takes a [`Body`] unread, so that the caller is authenticated before a problem of the body is reported:
//! `body.read().await?`.

pub mod budget;
pub(crate) mod encoding;
pub(crate) mod raw;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::web::{Data, Query};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::spawn_blocking;

pub use budget::{Budgeted, ByteBudget, Charge};
pub use encoding::{DecodeError as EncodingFailure, Encoding};
pub use raw::BodyTimeout;
use raw::MediaType;

use crate::error::{ApiError, ApiResult};
use crate::limits::take_seat;
use crate::request_log;
use crate::validation::{FromFields, Problems, fields};

/// The limits of bodies, from the app's data as `Data<BodyLimits>`; without it the defaults hold.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// Bytes of an ordinary body, decompressed.
    pub ordinary: usize,
    /// Bytes of a sync body, decompressed.
    pub sync: usize,
    /// Messages in a sync body.
    pub sync_messages: usize,
    /// The slowest rate at which a body can arrive.
    pub patience: BodyTimeout,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { ordinary: 16 << 10, sync: 128 << 20, sync_messages: 250_000, patience: BodyTimeout::default() }
    }
}

/// A JSON body that states a `T`, not read yet.
pub struct Body<T> {
    unread: UnreadBody,
    marker: PhantomData<T>,
}

/// A request's body with what is needed to read it.
pub(crate) struct UnreadBody {
    request: HttpRequest,
    payload: Payload,
}

impl UnreadBody {
    pub(crate) fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        Self { request: request.clone(), payload: payload.take() }
    }

    pub(crate) fn limits(&self) -> BodyLimits {
        self.request.app_data::<Data<BodyLimits>>().map(|limits| BodyLimits::clone(limits)).unwrap_or_default()
    }

    /// Reads the body, up to `limit` bytes as sent.
    pub(crate) async fn collect(self, media: MediaType, limit: usize) -> ApiResult<CollectedBody> {
        let patience = self.limits().patience;
        let Self { request, mut payload } = self;
        let declared = raw::DeclaredBody::of(&request, media, limit)?;
        let budget = request.app_data::<Data<ByteBudget>>().map(|budget| ByteBudget::clone(budget)).unwrap_or_default();
        let mut charge = budget.charge(&request).await?;
        let bytes = raw::collect(&mut payload, &declared, limit, patience, &mut charge).await?;
        // From here on the request takes computing time.
        take_seat(&request).await?;
        Ok(CollectedBody { bytes, encoding: declared.encoding, charge })
    }

    /// The body as text, of at most `limit` bytes unpacked.
    async fn text(self, media: MediaType, limit: usize) -> ApiResult<String> {
        let CollectedBody { bytes, encoding, mut charge } = self.collect(media, limit).await?;
        if encoding == Encoding::Identity {
            return Ok(raw::utf8(&bytes)?.to_owned());
        }
        charge.grow_to(bytes.len() + limit).await?;
        let unpacked = unblocked(move || {
            let unpacked = encoding.decode(&bytes, limit).map_err(|failure| failure.answer(limit))?;
            Ok(raw::utf8(&unpacked)?.to_owned())
        });
        unpacked.await?
    }
}

/// A body that has arrived, still packed.
pub(crate) struct CollectedBody {
    pub(crate) bytes: Vec<u8>,
    pub(crate) encoding: Encoding,
    pub(crate) charge: Charge,
}

/// Does `work` on a thread that serves no requests.
pub(crate) async fn unblocked<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
    spawn_blocking(work).await.map_err(|error| {
        request_log::record_reason(&format_args!("reading the body failed: {error}"));
        ApiError::internal()
    })
}

impl<T: FromFields> Body<T> {
    /// Reads the body: 415, 413, 400 or 422 when it is not a `T`.
    pub async fn read(self) -> ApiResult<T> {
        let limits = self.unread.limits();
        self.read_within(limits.ordinary).await
    }

    /// Reads a body that may be left out: `None` where there is none, or null.
    pub async fn read_if_any(self) -> ApiResult<Option<T>> {
        let limit = self.unread.limits().ordinary;
        let text = self.unread.text(MediaType::Json, limit).await?;
        let json: Value = match &*text {
            "" => Value::Null,
            text => serde_json::from_str(text).map_err(Problems::broken_json)?,
        };
        if json.is_null() { Ok(None) } else { Ok(Some(fields::from_json(&json)?)) }
    }

    /// Reads a body of at most `limit` bytes, for a route with a limit of its own.
    pub async fn read_within(self, limit: usize) -> ApiResult<T> {
        let text = self.unread.text(MediaType::Json, limit).await?;
        let json: Value = serde_json::from_str(&text).map_err(Problems::broken_json)?;
        Ok(fields::from_json(&json)?)
    }
}

/// The fields of an HTML form that state a `T`, not read yet.
pub struct FormBody<T> {
    unread: UnreadBody,
    marker: PhantomData<T>,
}

impl<T: DeserializeOwned> FormBody<T> {
    /// Reads the form: 415, 413 or 400 when the body is not what the page sends.
    pub async fn read(self) -> ApiResult<T> {
        let limit = self.unread.limits().ordinary;
        let text = self.unread.text(MediaType::Form, limit).await?;
        let fields = Query::<T>::from_query(&text).map_err(|_| {
            ApiError::bad_request("The form lacks a field. Open the page again and submit it complete.")
        })?;
        Ok(fields.into_inner())
    }
}

impl<T> FromRequest for FormBody<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { unread: UnreadBody::of(request, payload), marker: PhantomData }))
    }
}

impl<T> FromRequest for Body<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { unread: UnreadBody::of(request, payload), marker: PhantomData }))
    }
}

impl encoding::DecodeError {
    pub(crate) fn answer(self, limit: usize) -> ApiError {
        match self {
            Self::TooLarge => ApiError::payload_too_large(limit),
            Self::TooMuchWork => {
                ApiError::bad_request("The body takes too long to decompress. Compress it as one stream.")
            }
            Self::Corrupt => ApiError::bad_request("The body cannot be decompressed as its Content-Encoding states."),
        }
    }
}
