//! Compressed bodies, unpacked no further than the limits of size and work.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::time::{Duration, Instant};

use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

use crate::error::{ApiError, ApiResult};

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// `gzip`, one member or several.
    Gzip,
    /// `deflate`, in the zlib format, or bare as some clients send it.
    Deflate,
    /// `br`.
    Brotli,
}

/// Why a body could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// It exceeds the limit of size.
    TooLarge,
    /// It exceeds the limits of work.
    TooMuchWork,
    /// It does not match its encoding.
    Corrupt,
}

/// Members of one gzip body. A program that packs in parallel writes one for each 128 KiB; an empty one costs 20 bytes to send
/// and some microseconds to read.
const MOST_MEMBERS: usize = 2_048;

/// How long unpacking one body may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Packed bytes between two looks at the clock.
const CHUNK_BYTES: usize = 16 << 10;

/// The working memory of the brotli decoder.
const BROTLI_BUFFER: usize = 64 << 10;

impl Encoding {
    /// The encoding of the headers; 400 for an unknown one, and for several.
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

    /// Unpacks `bytes`, up to `limit` bytes. Bytes that are not compressed are returned unchanged.
    ///
    /// Blocks for as long as unpacking takes; a thread that serves requests leaves it to another.
    pub fn decode(self, bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
        let packed = Metered { rest: bytes, until: Instant::now() + TIME_LIMIT };
        let mut unpacked = Unpacked { bytes: Vec::new(), limit };
        match self {
            Self::Identity => return Ok(Cow::Borrowed(bytes)),
            Self::Gzip => unpack_members(packed, &mut unpacked)?,
            Self::Deflate if is_zlib(bytes) => unpacked.take(ZlibDecoder::new(packed))?,
            Self::Deflate => unpacked.take(DeflateDecoder::new(packed))?,
            Self::Brotli => unpacked.take(brotli_decompressor::Decompressor::new(packed, BROTLI_BUFFER))?,
        }
        Ok(Cow::Owned(unpacked.bytes))
    }
}

fn unpack_members(mut packed: Metered<'_>, unpacked: &mut Unpacked) -> Result<(), DecodeError> {
    for _ in 0..MOST_MEMBERS {
        let mut member = GzDecoder::new(packed);
        unpacked.take(&mut member)?;
        packed = member.into_inner();
        if packed.rest.is_empty() {
            return Ok(());
        }
    }
    Err(DecodeError::TooMuchWork)
}

/// Whether `bytes` begin with the header of the zlib format (RFC 1950, 2.2).
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [cmf, flg, ..] if cmf & 0x0f == 8 && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0)
}

/// What was unpacked so far.
struct Unpacked {
    bytes: Vec<u8>,
    limit: usize,
}

impl Unpacked {
    /// Takes everything from `packed`, unless that is more than the limit.
    fn take(&mut self, packed: impl Read) -> Result<(), DecodeError> {
        let room = u64::try_from(self.limit - self.bytes.len()).unwrap_or(u64::MAX).saturating_add(1);
        packed.take(room).read_to_end(&mut self.bytes).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => DecodeError::TooMuchWork,
            _ => DecodeError::Corrupt,
        })?;
        if self.bytes.len() > self.limit { Err(DecodeError::TooLarge) } else { Ok(()) }
    }
}

/// Packed bytes, given out in steps until the time is over.
struct Metered<'a> {
    rest: &'a [u8],
    until: Instant,
}

impl BufRead for Metered<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if Instant::now() >= self.until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(&self.rest[..self.rest.len().min(CHUNK_BYTES)])
    }

    fn consume(&mut self, count: usize) {
        self.rest = &self.rest[count..];
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

fn unknown() -> ApiError {
    ApiError::bad_request("Content-Encoding must be one of gzip, br, deflate or identity.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(bytes).expect("memory");
        packed.finish().expect("memory")
    }

    #[test]
    fn deflate_with_or_without_zlib_header_is_decoded() {
        let text = b"{\"messages\": []}".repeat(50);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).expect("memory");
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(&text).expect("memory");
        for packed in [zlib.finish().expect("memory"), bare.finish().expect("memory")] {
            assert_eq!(Encoding::Deflate.decode(&packed, 10_000).as_deref(), Ok(&*text));
            assert_eq!(Encoding::Deflate.decode(&packed, text.len() - 1), Err(DecodeError::TooLarge));
        }
        assert_eq!(Encoding::Deflate.decode(b"\xffnonsense", 10_000), Err(DecodeError::Corrupt));
    }

    #[test]
    fn gzip_members_are_joined_up_to_their_limit() {
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(Encoding::Gzip.decode(&two, 7).as_deref(), Ok(&b"one two"[..]));
        assert_eq!(Encoding::Gzip.decode(&two, 6), Err(DecodeError::TooLarge));
        let empty = gzip(b"");
        assert_eq!(Encoding::Gzip.decode(&empty.repeat(MOST_MEMBERS), 10).as_deref(), Ok(&b""[..]));
        assert_eq!(Encoding::Gzip.decode(&empty.repeat(MOST_MEMBERS + 1), 10), Err(DecodeError::TooMuchWork));
        assert_eq!(Encoding::Gzip.decode(&[empty, b"rest".to_vec()].concat(), 10), Err(DecodeError::Corrupt));
        assert_eq!(Encoding::Gzip.decode(b"", 10), Err(DecodeError::Corrupt));
    }

    #[test]
    fn decoding_beyond_time_limit_stops() {
        let packed = gzip(&b"x".repeat(100));
        let late = Metered { rest: &packed, until: Instant::now() };
        let mut unpacked = Unpacked { bytes: Vec::new(), limit: 1_000 };
        assert_eq!(unpack_members(late, &mut unpacked), Err(DecodeError::TooMuchWork));
    }
}
