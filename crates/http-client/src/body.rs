//! Bodies that have an end.

use reqwest::Response;

/// Why a body was not read.
#[derive(Debug)]
pub enum BodyError {
    /// It is longer than allowed.
    TooLong,
    /// It did not come to its end.
    Broken(reqwest::Error),
}

/// The body of `response`, unpacked: at most `longest` bytes, and never more of it in memory.
pub async fn body(mut response: Response, longest: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > longest {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
