//! Reads bodies of limited length.

use reqwest::Response;

#[derive(Debug)]
pub enum BodyError {
    TooLong,
    /// The connection failed before the end of the body.
    Broken(reqwest::Error),
}

/// Reads the decompressed body of `response`. At most `longest` bytes and one chunk are in memory.
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
