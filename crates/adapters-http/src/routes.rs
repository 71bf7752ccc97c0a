//! The route table: each operation registered once, with its documentation, which also gives its path and method.
//!
//! A context writes `pub fn routes() -> Routes { routes![follow, unfollow] }`, where each name is a handler under
//! `#[utoipa::path(…)]`. Each route is limited like any other unless it says otherwise: `routes![login: Auth, me]`
//! names its [`Class`].

use actix_web::dev::{Handler, ResourceDef};
use actix_web::guard::fn_guard;
use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder, Route};
use std::cmp::Reverse;
use std::collections::BTreeMap;

use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Schema;
use utoipa_actix_web::OpenApiFactory;

use crate::error::{ApiError, ApiResult};
use crate::limits::{Class, RouteGuard};

/// Registers handlers under `#[utoipa::path]` as [`Routes`].
#[macro_export]
macro_rules! routes {
    ($($handler:ident $(: $class:ident)?),+ $(,)?) => {
        $crate::pastey::paste! {
            $crate::routes::Routes::default()
                $(.with($handler, &[<__path_ $handler>], $crate::routes::class!($($class)?)))+
        }
    };
}

/// The class a route says it has.
#[doc(hidden)]
#[macro_export]
macro_rules! class {
    () => {
        $crate::limits::Class::Default
    };
    ($class:ident) => {
        $crate::limits::Class::$class
    };
}
#[doc(hidden)]
pub use class;

/// A table of routes.
#[derive(Default)]
pub struct Routes {
    table: Vec<Entry>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

/// One operation.
struct Entry {
    path: String,
    method: Method,
    route: Route,
    gate: RouteGuard,
    /// What the API's document says of it; nothing for pages that are not part of the API.
    operation: Option<Operation>,
}

impl Routes {
    /// Adds `handler` where its `documentation` says, under the limit of `class`.
    #[must_use]
    pub fn with<F, Args, D>(mut self, handler: F, documentation: &D, class: Class) -> Self
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
            let gate = RouteGuard::of(&operation, class);
            self.table.push(Entry { path, method, route, gate, operation: Some(operation) });
        }
        self
    }

    /// Adds a page or a file that is not part of the API's document, for anybody, under the default limit.
    #[must_use]
    pub fn page<F, Args>(self, path: &str, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.limited_page(Method::GET, path, Class::Default, handler)
    }

    /// Adds a page that is not part of the API's document, for anybody, under the limit of `class`.
    #[must_use]
    pub fn limited_page<F, Args>(self, method: Method, path: &str, class: Class, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.guarded_page(method, path, RouteGuard::open(class, false), handler)
    }

    /// Adds what the form of such a page is sent to.
    #[must_use]
    pub fn form<F, Args>(self, path: &str, class: Class, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.guarded_page(Method::POST, path, RouteGuard::open(class, true), handler)
    }

    fn guarded_page<F, Args>(mut self, method: Method, path: &str, gate: RouteGuard, handler: F) -> Self
    where
        F: Handler<Args>,
        F::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        let route = web::to(handler);
        self.table.push(Entry { path: path.to_owned(), method, route, gate, operation: None });
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

    /// The documented operations: path, method, guard and what is said of them.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&str, &Method, RouteGuard, &Operation)> {
        self.table.iter().filter_map(|entry| Some((&*entry.path, &entry.method, entry.gate, entry.operation.as_ref()?)))
    }

    /// Registers everything, and what is answered where no route is.
    pub(crate) fn mount(self, config: &mut ServiceConfig) {
        let mut by_path = BTreeMap::<String, Vec<(Method, RouteGuard, Route)>>::new();
        for entry in self.table {
            by_path.entry(entry.path).or_default().push((entry.method, entry.gate, entry.route));
        }
        let mut paths: Vec<_> = by_path.into_iter().collect();
        paths.sort_by_cached_key(|(path, _)| precedence(path));

        let mut known = Vec::new();
        for (path, routes) in paths {
            let methods: Vec<Method> = routes.iter().map(|(method, ..)| method.clone()).collect();
            known.push((ResourceDef::new(path.as_str()), methods.clone()));
            // Guarded as a whole, so that `GET /users/me` is still `/users/{username}` where `/users/me` has no GET.
            let resource =
                web::resource(path).guard(fn_guard(move |ask| methods.iter().any(|m| serves(m, &ask.head().method))));
            config.service(routes.into_iter().fold(resource, |resource, (method, gate, route)| {
                let route = route.guard(fn_guard(move |ask| serves(&method, &ask.head().method)));
                resource.route(route.wrap(from_fn(move |request, next| gate.serve(request, next))))
            }));
        }
        config.default_service(web::to(move |request: HttpRequest| {
            let answer = nothing_here(&known, &request);
            async move { answer }
        }));
    }
}

/// Whether a route for `method` serves a request with method `asked`: `HEAD` works wherever `GET` does.
fn serves(method: &Method, asked: &Method) -> bool {
    method == asked || (method == Method::GET && asked == Method::HEAD)
}

/// Literal parts go before variable ones, and of those the ones with more literal text first.
fn precedence(path: &str) -> Vec<(bool, Reverse<usize>, String)> {
    let rank = |part: &str| {
        let literal: String = part.split(['{', '}']).step_by(2).collect();
        (part.contains('{'), Reverse(literal.len()), literal)
    };
    path.split('/').map(rank).collect()
}

/// The answer where no route serves: 404, or 405 with the methods that would have been, or what `OPTIONS` asks for.
fn nothing_here(known: &[(ResourceDef, Vec<Method>)], request: &HttpRequest) -> ApiResult<HttpResponse> {
    let path = request.match_info().get_ref().path();
    // The first that fits is the one that the document means by this path: `/users/me`, not `/users/{username}`.
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

    #[test]
    fn literal_paths_go_before_variable_ones() {
        let mut paths =
            ["/u/{name}", "/u/{name}/x", "/u/me", "/w/{year}", "/w/{year}.png", "/u/{a}/compare/{b}", "/u/me/{id}"];
        paths.sort_by_cached_key(|path| precedence(path));
        assert_eq!(
            paths,
            ["/u/me", "/u/me/{id}", "/u/{name}", "/u/{a}/compare/{b}", "/u/{name}/x", "/w/{year}.png", "/w/{year}"]
        );
    }
}
