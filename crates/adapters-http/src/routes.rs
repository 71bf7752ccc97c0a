//! The route table: each operation is registered once, with its documentation, which also gives its path and method, and with
//! the [`Access`] that it grants.
//!
//! A context writes a row for each handler under `#[utoipa::path(…)]`. A row states the access and, where it is not the default one,
//! the [`RateClass`] of the rate limit:
//!
//! ```
//! use adapters_http::answer::NoContent;
//! use adapters_http::routes::Routes;
//!
//! /// Do nothing
//! #[utoipa::path(post, path = "/nothing", responses((status = 204, description = "Nothing is done")))]
//! async fn nothing() -> NoContent {
//!     NoContent
//! }
//!
//! fn routes() -> Routes {
//!     adapters_http::routes![nothing: Token(Read), Auth;]
//! }
//! # assert!(format!("{:?}", routes()).contains("nothing"));
//! ```
//!
//! A row without an access does not compile:
//!
//! ```compile_fail
//! # use adapters_http::answer::NoContent;
//! # use adapters_http::routes::Routes;
//! # /// Do nothing
//! # #[utoipa::path(post, path = "/nothing", responses((status = 204, description = "Nothing is done")))]
//! # async fn nothing() -> NoContent {
//! #     NoContent
//! # }
//! fn routes() -> Routes {
//!     adapters_http::routes![nothing;]
//! }
//! ```

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use actix_web::dev::{Handler, ResourceDef};
use actix_web::guard::fn_guard;
use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, Route};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa_actix_web::OpenApiFactory;

use crate::error::{ApiError, ApiResult};
use crate::limits::{Access, RateClass, RouteGuard};
use crate::metrics::MatchedRoute;

/// Registers handlers under `#[utoipa::path]` as [`Routes`].
#[macro_export]
macro_rules! routes {
    ($($handler:ident: $access:ident $(($scope:ident))? $(, $class:ident)?;)+) => {
        $crate::pastey::paste! {
            $crate::routes::Routes::default()
                $(.with(
                    $handler,
                    &[<__path_ $handler>],
                    $crate::limits::Access::$access $(($crate::routes::TokenScope::$scope))?,
                    $crate::routes::class!($($class)?),
                ))+
        }
    };
}

/// The class that a row states.
#[doc(hidden)]
#[macro_export]
macro_rules! class {
    () => {
        $crate::limits::RateClass::Default
    };
    ($class:ident) => {
        $crate::limits::RateClass::$class
    };
}
#[doc(hidden)]
pub use class;
#[doc(hidden)]
pub use domain::identity::TokenScope;

/// A table of routes.
#[derive(Default)]
pub struct Routes {
    table: Vec<Entry>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

/// One route.
struct Entry {
    path: String,
    method: Method,
    route: Route,
    guard: RouteGuard,
    /// The operation in the API's document; `None` for a page, which is not part of it.
    operation: Option<Operation>,
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.table.iter().map(|entry| (&entry.method, &entry.path, entry.guard))).finish()
    }
}

impl Routes {
    /// Adds `handler` at the path and method of its `documentation`.
    ///
    /// # Panics
    ///
    /// Panics when the documentation states a `security` of its own: the access is stated here, and the document is made from it.
    #[must_use]
    pub fn with<F, Args, D>(mut self, handler: F, documentation: &D, access: Access, class: RateClass) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
        D: OpenApiFactory,
    {
        documentation.schemas(&mut self.schemas);
        let route = web::to(handler);
        let documented = documentation.paths().paths.into_iter().next();
        if let Some((path, (method, operation))) = documented.and_then(|(path, item)| Some((path, only(item)?))) {
            assert!(operation.security.is_none(), "{method} {path} states its access in its documentation too");
            let guard = RouteGuard { access, class, reads_body: operation.request_body.is_some() };
            self.table.push(Entry { path, method, route, guard, operation: Some(operation) });
        }
        self
    }

    /// Adds a page or a file that is not part of the API's document, under the default limit.
    #[must_use]
    pub fn page<F, Args>(self, path: &str, access: Access, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.limited_page(Method::GET, path, access, RateClass::Default, handler)
    }

    /// Adds a page that is not part of the API's document, under the limit of `class`.
    #[must_use]
    pub fn limited_page<F, Args>(self, method: Method, path: &str, access: Access, class: RateClass, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.guarded_page(method, path, RouteGuard { access, class, reads_body: false }, handler)
    }

    /// Adds the address to which the form of such a page is sent.
    #[must_use]
    pub fn form<F, Args>(self, path: &str, access: Access, class: RateClass, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.guarded_page(Method::POST, path, RouteGuard { access, class, reads_body: true }, handler)
    }

    fn guarded_page<F, Args>(mut self, method: Method, path: &str, guard: RouteGuard, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        let route = web::to(handler);
        self.table.push(Entry { path: path.to_owned(), method, route, guard, operation: None });
        self
    }

    /// Puts all routes under `prefix`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        for entry in &mut self.table {
            entry.path.insert_str(0, prefix);
        }
        self
    }

    /// Adds the routes of another table.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.table.extend(others.table);
        self.schemas.extend(others.schemas);
        self
    }

    /// The documented operations: path, method, guard and documentation.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&str, &Method, RouteGuard, &Operation)> {
        self.table
            .iter()
            .filter_map(|entry| Some((&*entry.path, &entry.method, entry.guard, entry.operation.as_ref()?)))
    }

    /// Registers all routes, and the answer to other paths and methods.
    pub(crate) fn mount(self, config: &mut ServiceConfig) {
        let mut by_path = BTreeMap::<String, Vec<(Method, RouteGuard, Route)>>::new();
        for entry in self.table {
            by_path.entry(entry.path).or_default().push((entry.method, entry.guard, entry.route));
        }
        let mut paths: Vec<_> = by_path.into_iter().collect();
        paths.sort_by_cached_key(|(path, _)| precedence(path));

        let mut known = Vec::new();
        for (path, routes) in paths {
            let methods: Vec<Method> = routes.iter().map(|(method, ..)| method.clone()).collect();
            known.push((ResourceDef::new(path.as_str()), methods.clone()));
            let pattern: Arc<str> = path.as_str().into();
            // Guarded as a whole, so that `GET /users/me` is still `/users/{username}` where `/users/me` has no GET.
            let resource =
                web::resource(path).guard(fn_guard(move |ask| methods.iter().any(|m| serves(m, &ask.head().method))));
            config.service(routes.into_iter().fold(resource, |resource, (method, guard, route)| {
                let route = route.guard(fn_guard(move |ask| serves(&method, &ask.head().method)));
                let pattern = Arc::clone(&pattern);
                resource.route(route.wrap(from_fn(move |request, next| {
                    MatchedRoute::set(&request, &pattern);
                    guard.serve(request, next)
                })))
            }));
        }
        config.default_service(web::to(move |request: HttpRequest| {
            let answer = nothing_here(&known, &request);
            async move { answer }
        }));
    }
}

/// Whether a route for `method` serves a request with method `requested`: `HEAD` works wherever `GET` does.
fn serves(method: &Method, requested: &Method) -> bool {
    method == requested || (method == Method::GET && requested == Method::HEAD)
}

/// Literal parts go before variable ones, and of those the ones with more literal text first.
fn precedence(path: &str) -> Vec<(bool, Reverse<usize>, String)> {
    let rank = |part: &str| {
        let literal: String = part.split(['{', '}']).step_by(2).collect();
        (part.contains('{'), Reverse(literal.len()), literal)
    };
    path.split('/').map(rank).collect()
}

/// The answer where no route matches: 404, or 405 with the supported methods, or the answer to `OPTIONS`.
fn nothing_here(known: &[(ResourceDef, Vec<Method>)], request: &HttpRequest) -> ApiResult<HttpResponse> {
    let path = request.match_info().get_ref().path();
    // The first match is the path of the document: `/users/me`, not `/users/{username}`.
    let Some((_, methods)) = known.iter().find(|(resource, _)| resource.is_match(path)) else {
        return Err(ApiError::unknown_route());
    };
    let mut methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.sort_unstable();
    let allow = methods.join(", ");
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish());
    }
    Err(ApiError::method_not_allowed(&allow))
}

/// The one operation of a documented path.
fn only(item: PathItem) -> Option<(Method, Operation)> {
    [
        (Method::GET, item.get),
        (Method::POST, item.post),
        (Method::PUT, item.put),
        (Method::PATCH, item.patch),
        (Method::DELETE, item.delete),
    ]
    .into_iter()
    .find_map(|(method, operation)| Some((method, operation?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::NoContent;
    use actix_web::App;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};

    /// The status of a request without a token.
    async fn status_without_token(routes: Routes, request: TestRequest) -> StatusCode {
        let app = init_service(App::new().configure(|config| routes.mount(config))).await;
        call_service(&app, request.to_request()).await.status()
    }

    #[actix_web::test]
    async fn route_requiring_session_refuses_missing_token() {
        let page = |access| Routes::default().page("/page", access, HttpResponse::Ok);
        let form = |access| Routes::default().form("/page", access, RateClass::Auth, HttpResponse::Ok);
        for (access, status) in [
            (Access::Public, StatusCode::OK),
            (Access::OptionalSession, StatusCode::OK),
            (Access::Optional(TokenScope::Read), StatusCode::OK),
            (Access::Session, StatusCode::UNAUTHORIZED),
            (Access::Token(TokenScope::Read), StatusCode::UNAUTHORIZED),
        ] {
            let request = TestRequest::get().uri("/page");
            assert_eq!(status_without_token(page(access), request).await, status, "page {access:?}");
            let request = TestRequest::post().uri("/page");
            assert_eq!(status_without_token(form(access), request).await, status, "form {access:?}");
        }
    }

    #[test]
    #[should_panic(expected = "GET /twice states its access in its documentation too")]
    fn route_with_two_access_rules_is_refused_at_start() {
        /// Twice
        #[utoipa::path(get, path = "/twice", security(("bearer" = [])), responses((status = 204)))]
        async fn twice() -> NoContent {
            NoContent
        }
        let _ = crate::routes![twice: Public;];
    }

    #[test]
    fn route_literal_path_precedes_variable_path() {
        let mut paths =
            ["/u/{name}", "/u/{name}/x", "/u/me", "/w/{year}", "/w/{year}.png", "/u/{a}/compare/{b}", "/u/me/{id}"];
        paths.sort_by_cached_key(|path| precedence(path));
        assert_eq!(
            paths,
            ["/u/me", "/u/me/{id}", "/u/{name}", "/u/{a}/compare/{b}", "/u/{name}/x", "/w/{year}.png", "/w/{year}"]
        );
    }
}
