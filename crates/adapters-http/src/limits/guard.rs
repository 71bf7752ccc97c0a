//! What stands before each route: finds out who calls, and counts the request.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use domain::error::{DomainError, ErrorKind};
use domain::identity::{IdentityError, Scope};
use serde_json::Value;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;

use super::standing::{Noted, Standing, TooMany};
use super::{Class, Key, Limits};
use crate::caller::{self, Caller, MaybeCaller};
use crate::client_ip::client_ip;
use crate::error::{ApiError, ApiResult};

/// The scope that an API token needs for an operation, which its documentation names; `None` where only a session will do.
fn scope(operation: &Operation) -> Option<Scope> {
    let ways = serde_json::to_value(operation.security.as_ref()?).ok()?;
    let names = ways.as_array()?.iter().filter_map(|way| way["bearer"].as_array()).flatten();
    names.filter_map(Value::as_str).find_map(Scope::parse)
}

/// Whether a route asks for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It does not look at one.
    Open,
    /// It serves anybody, and knows who sent a token.
    Optional,
    /// It serves nobody without one.
    Required,
}

impl Access {
    /// What the documentation of an operation says.
    pub(crate) fn of(operation: &Operation) -> Self {
        match &operation.security {
            None => Self::Open,
            Some(ways) if ways.contains(&SecurityRequirement::default()) => Self::Optional,
            Some(_) => Self::Required,
        }
    }
}

/// The guard of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) access: Access,
    pub(crate) class: Class,
    /// What an API token needs to be let in.
    scope: Option<Scope>,
}

impl Gate {
    /// The guard of a page for anybody, which counts under `class`.
    pub(crate) const fn open(class: Class) -> Self {
        Self { access: Access::Open, class, scope: None }
    }

    /// The guard of what is documented by `operation`, which counts under `class`.
    pub(crate) fn of(operation: &Operation, class: Class) -> Self {
        Self { access: Access::of(operation), class, scope: scope(operation) }
    }

    /// Serves `request` through what is inside, if it is let in.
    pub(crate) async fn serve(
        self,
        request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        match self.admit(request.request()).await {
            Ok(()) => next.call(request).await,
            Err(error) => Ok(request.error_response(error)),
        }
    }

    /// Finds out who calls, which it leaves in the request's extensions, and counts the request.
    ///
    /// The contract has 401 go before 429, so who needs a token and has none that opens a session is told that, however
    /// often they ask: a client that was signed out must learn it. Their requests count for their address all the same,
    /// so they use up what it may ask without a token. And an address that goes on trying tokens that open nothing is
    /// not looked up any more: then, and only then, is it told 429 without being judged, because whether the next token
    /// is good is not known.
    async fn admit(self, request: &HttpRequest) -> ApiResult<()> {
        let limits = request.app_data::<Data<Limits>>();
        let address = Key::address(client_ip(request));
        let caller = match self.identify(request, limits, address).await {
            Ok(caller) => caller,
            Err(too_many) => {
                note(request, too_many.standing);
                return Err(too_many.into());
            }
        };
        let key = match &caller {
            Ok(Some(caller)) if self.class != Class::Auth => Key::account(caller.id),
            _ => address,
        };
        let counted = limits.and_then(|limits| limits.count(self.class, key));
        if let Some(Ok(standing) | Err(TooMany { standing, .. })) = counted {
            note(request, standing);
        }
        let caller = caller?;
        if let Some(Err(too_many)) = counted {
            return Err(too_many.into());
        }
        let allowed = caller.filter(|caller| caller.may(self.scope));
        if self.access == Access::Required && allowed.is_none() {
            return Err(IdentityError::OutOfScope.into());
        }
        if self.access != Access::Open {
            request.extensions_mut().insert(MaybeCaller(allowed));
        }
        Ok(())
    }

    /// Who calls, nobody known where that is allowed, or what to answer once the request was counted. Fails when the
    /// address has tried too many tokens.
    async fn identify(
        self,
        request: &HttpRequest,
        limits: Option<&Data<Limits>>,
        address: Key,
    ) -> Result<ApiResult<Option<Caller>>, TooMany> {
        if self.access == Access::Open {
            return Ok(Ok(None));
        }
        let limits = limits.filter(|_| caller::bearer(request).is_some());
        if let Some(limits) = limits {
            limits.may_try_a_token(address)?;
        }
        Ok(match caller::identify(request).await {
            Ok(caller) => Ok(Some(caller)),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                if let Some(limits) = limits {
                    limits.count_bad_token(address);
                }
                if self.access == Access::Optional { Ok(None) } else { Err(error.into()) }
            }
            Err(error) => Err(error.into()),
        })
    }
}

/// Leaves how the client stands for whoever writes the answer.
fn note(request: &HttpRequest, standing: Standing) {
    if let Some(noted) = request.extensions().get::<Noted>() {
        noted.set(standing);
    }
}

impl From<TooMany> for ApiError {
    fn from(too_many: TooMany) -> Self {
        Self::rate_limited(too_many.retry_after)
    }
}
