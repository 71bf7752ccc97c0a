//! Routes that do nothing but show what the edge does with them.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use adapters_http::answer::{Cacheable, Created, Json, NoContent, Revalidated, events};
use adapters_http::body::Body;
use adapters_http::error::{ApiError, ApiResult};
use adapters_http::input::{PathArgs, Query};
use adapters_http::openapi::failures;
use adapters_http::paging::{PageBody, Paging};
use adapters_http::routes::Routes;
use adapters_http::usage::sync::SyncBody;
use adapters_http::validation::{Int, LARGEST, Or, Text, body};
use adapters_http::{health, routes};
use domain::error::{DomainError, ErrorDetails, ErrorKind, Subject};
use domain::page::{Page, PageRequest};
use futures_util::StreamExt;
use futures_util::stream::{once, unfold};
use serde::Serialize;
use time::Duration;
use utoipa::ToSchema;

pub(crate) fn all() -> Routes {
    routes![
        wish: Public;
        sync: Public;
        person: Public;
        me: Public;
        people: Public;
        fail: Public;
        crash: Public;
        shared: Public;
        lasting: Public;
        secret: Session;
        stream: Public;
        forever: Public;
        flood: Public;
    ]
    .and(health::routes())
}

body! {
    struct Wish as "Wish" {
        name: Text<1, 10>,
        count: Or<0, Int<i64, 0, LARGEST>>,
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct Said {
    said: String,
}

fn said(text: impl Into<String>) -> Said {
    Said { said: text.into() }
}

/// A wish
#[utoipa::path(post, path = "/wishes", tag = "Test", request_body = Wish, responses((status = 201, body = Said)))]
async fn wish(body: Body<Wish>) -> ApiResult<Created<Said>> {
    let wish = body.read().await?;
    Ok(Created(said(wish.name)))
}

/// A sync
#[utoipa::path(post, path = "/sync", tag = "Test", request_body = Said, responses((status = 200, body = Said)))]
async fn sync(body: SyncBody) -> ApiResult<Json<Said>> {
    let batch = body.read().await?;
    Ok(Json(said(batch.messages.len().to_string())))
}

/// A person
#[utoipa::path(
    get, path = "/people/{name}", tag = "Test", params(("name" = String, Path)),
    responses((status = 200, body = Said), failures::NotFound)
)]
async fn person(path: PathArgs) -> ApiResult<Json<Said>> {
    let name = path.text("name")?;
    if name == "nobody" {
        let subject = Subject { resource: "User", field: "username", value: Some(name.clone()) };
        return Err(ApiError::not_found(subject));
    }
    Ok(Json(said(name)))
}

/// Me
#[utoipa::path(patch, path = "/people/me", tag = "Test", request_body = Wish, responses((status = 204)))]
async fn me(body: Body<Wish>) -> ApiResult<NoContent> {
    body.read().await?;
    Ok(NoContent)
}

/// People
#[utoipa::path(get, path = "/people", tag = "Test", params(Paging), responses((status = 200, body = PageBody<String>)))]
async fn people(query: Query<Paging>) -> ApiResult<Json<PageBody<String>>> {
    let request = PageRequest::from(query.read()?);
    Ok(Json(Page { items: vec!["ada".to_owned()], total: 101, request }.into()))
}

#[derive(Debug, thiserror::Error)]
#[error("the secret reason")]
struct Failed(ErrorKind);

impl DomainError for Failed {
    fn details(&self) -> ErrorDetails {
        let subject = Subject { resource: "User", field: "email", value: None };
        ErrorDetails { kind: self.0, subject: (self.0 == ErrorKind::Conflict).then_some(subject) }
    }
}

/// A failure
#[utoipa::path(get, path = "/failures/{kind}", tag = "Test", params(("kind" = String, Path)), responses((status = 204)))]
async fn fail(path: PathArgs) -> ApiResult<NoContent> {
    Err(Failed(match path.text("kind")?.as_str() {
        "invalid" => ErrorKind::Invalid,
        "unauthenticated" => ErrorKind::Unauthenticated,
        "forbidden" => ErrorKind::Forbidden,
        "conflict" => ErrorKind::Conflict,
        "limited" => ErrorKind::RateLimited { retry_after: Duration::milliseconds(11_001) },
        "unavailable" => ErrorKind::Unavailable,
        "collided" => ErrorKind::Collided,
        _ => ErrorKind::Internal,
    }))?
}

/// A defect
#[utoipa::path(get, path = "/crash", tag = "Test", responses((status = 204)))]
async fn crash() -> NoContent {
    panic!("the secret reason")
}

/// A public answer
#[utoipa::path(get, path = "/shared", tag = "Test", responses((status = 200, body = Said)))]
async fn shared() -> Revalidated<Said> {
    Revalidated(said("x".repeat(2000)))
}

/// Something that lasts
#[utoipa::path(get, path = "/lasting", tag = "Test", responses((status = 200, body = Said)))]
async fn lasting() -> Cacheable<Said> {
    Cacheable { body: said("x"), seconds: 900 }
}

/// A caller whose look-up is slow and fails.
struct UnknownCaller;

impl FromRequest for UnknownCaller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(async {
            actix_web::rt::task::yield_now().await;
            Err(ApiError::unauthorized("Authentication is required"))
        })
    }
}

/// Something for known callers
#[utoipa::path(
    post, path = "/secrets/{name}", tag = "Test", request_body = Wish, params(("name" = String, Path)), responses((status = 204))
)]
async fn secret(
    _caller: UnknownCaller,
    path: PathArgs,
    query: Query<Paging>,
    body: Body<Wish>,
) -> ApiResult<NoContent> {
    path.text("name")?;
    query.read()?;
    body.read().await?;
    Ok(NoContent)
}

/// Something that is never ready
#[utoipa::path(get, path = "/forever", tag = "Test", responses((status = 204)))]
async fn forever() -> NoContent {
    pending().await
}

/// A stream without end
#[utoipa::path(get, path = "/stream", tag = "Test", responses((status = 200)))]
async fn stream() -> HttpResponse {
    let first = once(ready(Ok::<_, std::io::Error>(Bytes::from_static(b"event: keepalive\n\n"))));
    events(first.chain(once(pending())))
}

/// How many floods there were that ended.
pub(crate) static FLOODS_ENDED: AtomicUsize = AtomicUsize::new(0);

struct Flood;

impl Drop for Flood {
    fn drop(&mut self) {
        FLOODS_ENDED.fetch_add(1, Ordering::SeqCst);
    }
}

/// A stream that always has more
#[utoipa::path(get, path = "/flood", tag = "Test", responses((status = 200)))]
async fn flood() -> HttpResponse {
    let more = Bytes::from(vec![b'x'; 64 << 10]);
    events(unfold(Flood, move |flood| ready(Some((Ok::<_, std::io::Error>(more.clone()), flood)))))
}
