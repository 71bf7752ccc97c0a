//! Compressed bodies, unpacked no further than the limit.

use std::borrow::Cow;
use std::io::Read;

use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::error::{ApiError, ApiResult};

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// `gzip`, one member or several.
    Gzip,
    /// `deflate`, in the zlib format.
    Deflate,
    /// `br`.
    Brotli,
}

/// Why a body could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is more in it than the limit allows.
    TooLarge,
    /// It is not what its encoding says.
    Corrupt,
}

/// The working memory of the brotli decoder.
const BROTLI_BUFFER: usize = 64 << 10;

impl Encoding {
    /// What the headers say; 400 for an encoding that nobody knows, and for several at once.
    pub fn of(headers: &HeaderMap) -> ApiResult<Self> {
        let mut found = Self::Identity;
        for header in headers.get_all(CONTENT_ENCODING) {
            for word in header.to_str().unwrap_or("?").split(',').map(str::trim) {
                let encoding = match word.to_ascii_lowercase().as_str() {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "deflate" => Self::Deflate,
                    "br" => Self::Brotli,
                    _ => return Err(unknown()),
                };
                if found != Self::Identity {
                    return Err(unknown());
                }
                found = encoding;
            }
        }
        Ok(found)
    }

    /// Unpacks `bytes` to at most `limit` bytes, and stops there. What is not packed is returned as it is.
    pub fn decode(self, bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Failure> {
        match self {
            Self::Identity => Ok(Cow::Borrowed(bytes)),
            Self::Gzip => unpack(MultiGzDecoder::new(bytes), limit),
            Self::Deflate => unpack(ZlibDecoder::new(bytes), limit),
            Self::Brotli => unpack(brotli_decompressor::Decompressor::new(bytes, BROTLI_BUFFER), limit),
        }
    }
}

fn unpack(packed: impl Read, limit: usize) -> Result<Cow<'static, [u8]>, Failure> {
    let mut unpacked = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    packed.take(one_more).read_to_end(&mut unpacked).map_err(|_| Failure::Corrupt)?;
    if unpacked.len() > limit { Err(Failure::TooLarge) } else { Ok(unpacked.into()) }
}

fn unknown() -> ApiError {
    ApiError::bad_request("Content-Encoding must be gzip, br, deflate or identity")
}
