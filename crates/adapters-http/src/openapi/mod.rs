//! The API's document, OpenAPI 3.1, made from the route table, and the pages that show it.
//!
//! An operation states its successful answers and the [`failures`] of its own. What follows from its row in the table and from its
//! shape is added here: its `security`, 401 and 403 where it requires a token, the failures of a body where it has one, 422 where it
//! has parameters, 429 where it is limited, and 500 and 503 everywhere.

mod asset;
pub mod failures;
mod pages;

use actix_web::http::Method;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterIn, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

pub(crate) use pages::pages;

use crate::limits::{RateClass, RouteGuard, SignInRequirement};
use crate::routes::Routes;
use failures::{ErrorBody, Failure, ProblemBody};

/// The description of the API.
const INTRODUCTION: &str = "Counts, prices and compares the usage of AI coding tools.\n\n\
    Every answer of a rate-limited operation has the headers `RateLimit-Limit` (requests that a client can make in a minute), \
    `RateLimit-Remaining` (requests that would be served now) and `RateLimit-Reset` (seconds until the whole limit is available \
    again). The limit refills evenly, one request at a time. Requests with a token are counted by account, others by address.";

/// The document of all operations in `routes`.
pub fn document(routes: &Routes) -> OpenApi {
    let mut paths = Paths::new();
    for (path, method, guard, operation) in routes.operations() {
        paths.add_path_operation(path, vec![named(method)], complete(operation.clone(), guard));
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "`Authorization: Bearer s_…`, the token of a session, or `Bearer t_…`, an API token. An operation names the scope \
         (`sync` or `read`) that an API token needs; without a scope it accepts only sessions.",
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
    if guard.class != RateClass::Unlimited {
        failures.push(Failure::RateLimited);
    }
    if guard.access.is_required(SignInRequirement::default()) {
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
    // A header that cannot be read is ignored.
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
