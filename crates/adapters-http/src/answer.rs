//! The answers of handlers: a status, a body, and a cache policy.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ETag, EntityTag, Header, IfNoneMatch};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::Stream;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::limits::SignInRequirement;

/// 200 with a body that no cache stores.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// 201 with the created resource.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 202 with the state of an accepted request.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

/// 204.
#[derive(Debug)]
pub struct NoContent;

/// 200 with a public body: caches store it and revalidate it each time (304 when it has not changed). The answer to a request with a
/// token is not stored, since it can depend on the caller.
#[derive(Debug)]
pub struct Revalidated<T>(pub T);

/// The answer of [`Revalidated`], written once for many requests.
#[derive(Debug, Clone)]
pub struct Written {
    body: Bytes,
    tag: EntityTag,
}

impl Written {
    /// Writes `body` as JSON.
    pub fn of<T: Serialize>(body: &T) -> serde_json::Result<Self> {
        let body = Bytes::from(written(body)?);
        Ok(Self { tag: entity_tag(&body), body })
    }

    /// The bytes of the body.
    pub fn size(&self) -> usize {
        self.body.len()
    }
}

/// 200 with a public body that caches store for some seconds.
#[derive(Debug)]
pub struct Cacheable<T> {
    /// The body.
    pub body: T,
    /// The lifetime in caches.
    pub seconds: u32,
}

/// No cache stores personal answers.
const NO_STORE: &str = "no-store";

/// Bytes that are reserved for a body: most bodies fit, and a long one grows in a few steps.
const RESERVED: usize = 16 * 1024;

fn personal<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    json(HttpResponse::build(status).insert_header((header::CACHE_CONTROL, NO_STORE)), written(body))
}

/// `body` as JSON.
fn written<T: Serialize>(body: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(RESERVED);
    serde_json::to_writer(&mut bytes, body)?;
    Ok(bytes)
}

/// `answer` with `body`; an internal error when the body cannot be written.
fn json(answer: &mut HttpResponseBuilder, body: serde_json::Result<Vec<u8>>) -> HttpResponse {
    match body {
        Ok(body) => answer.content_type(header::ContentType::json()).body(body),
        Err(_) => HttpResponse::from_error(ApiError::internal()),
    }
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        personal(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        personal(StatusCode::CREATED, &self.0)
    }
}

impl<T: Serialize> Responder for Accepted<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        personal(StatusCode::ACCEPTED, &self.0)
    }
}

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, NO_STORE)).finish()
    }
}

impl<T: Serialize> Responder for Revalidated<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        if request.headers().contains_key(header::AUTHORIZATION) {
            let mut answer = HttpResponse::Ok();
            answer.insert_header((header::VARY, "Authorization"));
            answer.insert_header((header::CACHE_CONTROL, "private, no-store"));
            return json(&mut answer, written(&self.0));
        }
        match Written::of(&self.0) {
            Ok(body) => body.respond_to(request),
            Err(_) => HttpResponse::from_error(ApiError::internal()),
        }
    }
}

impl Responder for Written {
    type Body = BoxBody;

    /// Expects a request without a token.
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer
            .insert_header((header::VARY, "Authorization"))
            .insert_header((header::CACHE_CONTROL, "public, no-cache"));
        let is_known = known(request, &self.tag);
        answer.insert_header(ETag(self.tag));
        if is_known {
            return answer.status(StatusCode::NOT_MODIFIED).finish();
        }
        answer.content_type(header::ContentType::json()).body(self.body)
    }
}

impl<T: Serialize> Responder for Cacheable<T> {
    type Body = BoxBody;

    /// A shared cache does not store an answer that needs a sign-in.
    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        if SignInRequirement::of(request).0 {
            return personal(StatusCode::OK, &self.body);
        }
        let policy = format!("public, max-age={}", self.seconds);
        json(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, policy)), written(&self.body))
    }
}

/// 200 with Server-Sent Events that no cache stores. They are sent at once: neither compressed nor buffered by a proxy.
pub fn events<E>(stream: impl Stream<Item = Result<Bytes, E>> + 'static) -> HttpResponse
where
    E: Into<Box<dyn std::error::Error>> + 'static,
{
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, NO_STORE))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream)
}

/// A weak tag: compression changes the bytes and not their meaning.
fn entity_tag(body: &[u8]) -> EntityTag {
    EntityTag::new_weak(BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(body)[..16]))
}

/// Whether the client has the version that `tag` names.
fn known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}
