//! Files that change only with the program: compressed once, not for each request.

use std::io::Write;
use std::sync::OnceLock;

use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;

/// One file.
#[derive(Debug)]
pub(super) struct Asset {
    content_type: &'static str,
    /// The policy of a page; other files need none.
    policy: Option<&'static str>,
    plain: Bytes,
    /// Compressed by the first request that accepts gzip.
    gzip: OnceLock<Bytes>,
}

impl Asset {
    /// A file of the program.
    pub(super) const fn file(content_type: &'static str, text: &'static str) -> Self {
        let plain = Bytes::from_static(text.as_bytes());
        Self { content_type, policy: None, plain, gzip: OnceLock::new() }
    }

    /// A page of the program with the content security policy `policy`.
    pub(super) const fn page(text: &'static str, policy: &'static str) -> Self {
        let plain = Bytes::from_static(text.as_bytes());
        Self { content_type: "text/html; charset=utf-8", policy: Some(policy), plain, gzip: OnceLock::new() }
    }

    /// A file that is made when the program starts.
    pub(super) fn made(content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { content_type, policy: None, plain: Bytes::from(bytes), gzip: OnceLock::new() }
    }

    /// The file, compressed where `request` accepts that. The encoding is always stated, so that no layer compresses it again.
    pub(super) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let (encoding, body) = if takes_gzip(request) {
            (ContentEncoding::Gzip, self.gzip.get_or_init(|| packed(&self.plain)))
        } else {
            (ContentEncoding::Identity, &self.plain)
        };
        let mut answer = HttpResponse::Ok();
        answer
            .content_type(self.content_type)
            .insert_header((header::CONTENT_ENCODING, encoding.as_str()))
            .insert_header((header::VARY, header::ACCEPT_ENCODING.as_str()))
            .insert_header((header::CACHE_CONTROL, "public, max-age=300"));
        if let Some(policy) = self.policy {
            answer.insert_header((header::CONTENT_SECURITY_POLICY, policy));
        }
        answer.body(body.clone())
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let ours = [Encoding::gzip(), Encoding::identity()];
    let accepted = request.get_header::<AcceptEncoding>();
    accepted.is_some_and(|accepted| accepted.negotiate(ours.iter()) == Some(Encoding::gzip()))
}

fn packed(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn asset_is_compressed_once_and_only_for_gzip_clients() {
        let asset = Asset::file("text/css", "body { color: black }");
        let answer = |accepted: &str| {
            let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, accepted)).to_http_request();
            let answer = asset.answer(&request);
            answer.headers().get(header::CONTENT_ENCODING).cloned().expect("an encoding")
        };
        assert_eq!(answer("identity"), "identity");
        assert!(asset.gzip.get().is_none(), "nothing is packed before it is asked for");
        assert_eq!(answer("br, gzip"), "gzip");
        let packed = asset.gzip.get().expect("a packed file").as_ptr();
        assert_eq!(answer("gzip"), "gzip");
        assert_eq!(asset.gzip.get().expect("a packed file").as_ptr(), packed);
        assert_eq!(answer("br"), "identity");
        assert_eq!(answer("gzip;q=0"), "identity");
    }
}
