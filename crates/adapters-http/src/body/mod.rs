//! Request bodies, read in the contract's order of checks: media type, size, encoding, then what the JSON says.
//!
//! [`Body`] is taken by a handler without being read, so that whoever asks is known before anything is told about
//! the body: `body.read().await?`.

pub mod budget;
mod encoding;
mod raw;
mod sync;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;

pub use budget::{Admitted, ByteBudget, Part};
pub use encoding::{Encoding, Failure as EncodingFailure};
pub use raw::Patience;
pub use sync::SyncBody;

use crate::error::{ApiError, ApiResult};
use crate::validation::{FromFields, Problems, fields};

/// How much of a body is taken. Put into the app's data as `Data<BodyLimits>`; without it the defaults hold.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// Bytes of an ordinary body, decompressed.
    pub ordinary: usize,
    /// Bytes of a sync body, decompressed.
    pub sync: usize,
    /// Messages in a sync body.
    pub sync_messages: usize,
    /// How slowly a body may arrive.
    pub patience: Patience,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { ordinary: 1 << 20, sync: 128 << 20, sync_messages: 250_000, patience: Patience::default() }
    }
}

/// A JSON body that says a `T`, not read yet.
pub struct Body<T> {
    unread: Unread,
    says: PhantomData<T>,
}

/// A request's body with what is needed to read it.
struct Unread {
    request: HttpRequest,
    payload: Payload,
}

impl Unread {
    fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        Self { request: request.clone(), payload: payload.take() }
    }

    /// The body, unpacked.
    async fn bytes(self, limit: usize) -> ApiResult<Vec<u8>> {
        let Self { request, mut payload } = self;
        let declared = raw::Declared::of(&request, limit)?;
        let patience = request.app_data::<Data<BodyLimits>>().map(|limits| limits.patience).unwrap_or_default();
        let bytes = raw::collect(&mut payload, &declared, limit, patience).await?;
        let unpacked = declared.encoding.decode(&bytes, limit).map_err(|failure| failure.answer(limit))?;
        Ok(unpacked.into_owned())
    }

    fn limits(&self) -> BodyLimits {
        self.request.app_data::<Data<BodyLimits>>().map(|limits| BodyLimits::clone(limits)).unwrap_or_default()
    }
}

impl<T: FromFields> Body<T> {
    /// Reads the body: 415, 413, 400 or 422 when it is not what the route takes.
    pub async fn read(self) -> ApiResult<T> {
        let limits = self.unread.limits();
        self.read_within(limits.ordinary).await
    }

    /// Reads a body of at most `limit` bytes, for a route that takes less, or more, than others.
    pub async fn read_within(self, limit: usize) -> ApiResult<T> {
        parse(&self.unread.bytes(limit).await?)
    }

    /// [Reads](Self::read) the body, where a request without one, or with `null`, says the default.
    pub async fn read_or_default(self) -> ApiResult<T>
    where
        T: Default,
    {
        let limit = self.unread.limits().ordinary;
        let bytes = self.unread.bytes(limit).await?;
        if matches!(bytes.trim_ascii(), b"" | b"null") { Ok(T::default()) } else { parse(&bytes) }
    }
}

/// What the JSON in `bytes` says.
fn parse<T: FromFields>(bytes: &[u8]) -> ApiResult<T> {
    let json: Value = serde_json::from_str(raw::utf8(bytes)?).map_err(Problems::broken_json)?;
    Ok(fields::from_json(&json)?)
}

impl<T> FromRequest for Body<T> {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { unread: Unread::of(request, payload), says: PhantomData }))
    }
}

impl encoding::Failure {
    fn answer(self, limit: usize) -> ApiError {
        match self {
            Self::TooLarge => ApiError::payload_too_large(limit),
            Self::Corrupt => ApiError::bad_request("The body is not what its Content-Encoding says"),
        }
    }
}
