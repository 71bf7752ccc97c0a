//! The API's document, OpenAPI 3.1, made from the route table, and the pages that show it.
//!
//! An operation says what it returns when all is well and which of [`failures`] are its own. What follows from its shape
//! is added here: 401 where it needs a token, the body's failures where it has a body, 422 where it has parameters,
//! 429 where it is limited, and 500 and 503 everywhere.

mod asset;
pub mod failures;
mod pages;

use actix_web::http::Method;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterIn, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

pub(crate) use pages::pages;

use crate::limits::{Class, RouteGuard};
use crate::routes::Routes;
use failures::{ErrorBody, Failure, ProblemBody};

/// What the document says of the whole.
const INTRODUCTION: &str = "Counts, prices and compares what people use AI coding tools for.\n\n\
    Whatever an operation that can answer 429 answers, it says in `RateLimit-Limit` how many requests a client may make in \
    a minute, in `RateLimit-Remaining` how many of these would be served at once, and in `RateLimit-Reset` after how many \
    seconds all would be. They come back one by one, evenly. Callers are counted by account, others by address.";

/// The document of all operations in `routes`.
pub fn document(routes: &Routes) -> OpenApi {
    let mut paths = Paths::new();
    for (path, method, guard, operation) in routes.operations() {
        paths.add_path_operation(path, vec![named(method)], complete(operation.clone(), guard));
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "`Authorization: Bearer s_…`, the token of a session, or `Bearer t_…`, an API token: an operation names the scope \
         (`sync` or `read`) that one needs, and takes none where it names no scope.",
    ));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(routes.schemas.iter().cloned())
        .schema(ErrorBody::name(), ErrorBody::schema())
        .schema(ProblemBody::name(), ProblemBody::schema())
        .responses_from_iter(Failure::ALL.map(|failure| (failure.name(), failure.response())))
        .security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    let info = InfoBuilder::new()
        .title("burntop")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()));
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components.build())).build()
}

/// Adds what follows from the operation's shape, and makes its id unique among all contexts.
fn complete(mut operation: Operation, guard: RouteGuard) -> Operation {
    let tag = operation.tags.iter().flatten().next().map(|tag| tag.to_lowercase().replace(' ', "_"));
    if let (Some(tag), Some(id)) = (tag, &mut operation.operation_id) {
        *id = format!("{tag}_{id}");
    }
    operation.security = guard.access.requirements();
    let mut failures = vec![Failure::Internal, Failure::Unavailable];
    if guard.class != Class::Unlimited {
        failures.push(Failure::RateLimited);
    }
    if guard.access.is_required() {
        // An API token may lack the scope.
        failures.extend([Failure::Unauthorized, Failure::Forbidden]);
    }
    if operation.request_body.is_some() {
        failures.extend([
            Failure::BadRequest,
            Failure::PayloadTooLarge,
            Failure::UnsupportedMediaType,
            Failure::Validation,
        ]);
    }
    // A header that makes no sense is passed over.
    let judged = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in != ParameterIn::Header,
        RefOr::Ref(_) => true,
    };
    if operation.parameters.iter().flatten().any(judged) {
        failures.push(Failure::Validation);
    }
    for failure in failures {
        operation.responses.responses.entry(failure.status()).or_insert_with(|| failure.reference());
    }
    operation
}

fn named(method: &Method) -> HttpMethod {
    match *method {
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::PATCH => HttpMethod::Patch,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}
