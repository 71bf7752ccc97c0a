//! The guard of a route: authenticates the caller, applies the rate limit, and takes a place in the client's share.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use domain::error::{DomainError, ErrorKind};
use domain::identity::IdentityError;

use super::attempt::Attempt;
use super::quota::{Quota, RateExceeded, RateLimitHeaders};
use super::shares::Seat;
use super::{Access, Client, Key, Limits, RateClass, Shares, SignInRequirement};
use crate::caller::{self, Caller, MaybeCaller};
use crate::client_ip::client_ip;
use crate::error::{ApiError, ApiResult};

/// The guard of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteGuard {
    pub(crate) access: Access,
    pub(crate) class: RateClass,
    /// Whether the handler reads a body. The place is then taken once the body has arrived, so that a slow body holds none.
    pub(crate) reads_body: bool,
}

impl RouteGuard {
    /// Serves `request` through the inner layers if it is admitted.
    pub(crate) async fn serve(
        self,
        request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        if let Err(error) = self.admit(request.request()).await {
            return Ok(request.error_response(error));
        }
        let attempt = self.attempt(request.request());
        let seated = if self.reads_body { Ok(()) } else { take_seat(request.request()).await };
        let answer = match seated {
            Ok(()) => next.call(request).await?,
            Err(error) => request.error_response(error),
        };
        if let Some(attempt) = attempt {
            attempt.end(answer.status());
        }
        Ok(answer)
    }

    fn attempt(self, request: &HttpRequest) -> Option<Attempt> {
        let limits = request.app_data::<Data<Limits>>()?;
        Attempt::begin(request, limits, self.class, Client::of(request).address)
    }

    /// Authenticates the caller, stores it in the request's extensions, and counts the request.
    ///
    /// In the contract 401 precedes 429: a client whose session has ended must learn it, however often it asks. Its requests count for
    /// its address. Tokens of an address that has sent too many invalid ones are not looked up: only then 429 precedes 401, because the
    /// next token is not known to be invalid.
    async fn admit(self, request: &HttpRequest) -> ApiResult<()> {
        let limits = request.app_data::<Data<Limits>>();
        let address = Key::address(client_ip(request));
        let client = Client { class: self.class, account: None, address };
        let caller = match self.identify(request, limits, client).await {
            Ok(caller) => caller,
            Err(too_many) => {
                note(request, too_many.quota);
                return Err(too_many.into());
            }
        };
        let account = caller.as_ref().ok().and_then(Option::as_ref).map(|caller| Key::account(caller.id));
        request.extensions_mut().insert(Client { account, ..client });
        let key = account.filter(|_| !self.class.is_by_address()).unwrap_or(address);
        let counted = limits.and_then(|limits| self.count(limits, key));
        if let Some(Ok(quota) | Err(RateExceeded { quota, .. })) = counted {
            note(request, quota);
        }
        let caller = caller?;
        if let Some(Err(too_many)) = counted {
            return Err(too_many.into());
        }
        let allowed = caller.filter(|caller| caller.may(self.access.scope()));
        if self.is_required(request) && allowed.is_none() {
            return Err(IdentityError::OutOfScope.into());
        }
        if self.access != Access::Public {
            request.extensions_mut().insert(MaybeCaller(allowed));
        }
        Ok(())
    }

    /// Counts a request of `key`, or checks that it would be counted, if it counts by its end.
    fn count(self, limits: &Limits, key: Key) -> Option<Result<Quota, RateExceeded>> {
        if !self.class.counts_failures_only() {
            return limits.count(self.class, key);
        }
        let quota = limits.would_count(self.class, key);
        if self.class == RateClass::DevicePoll || matches!(quota, Some(Err(_))) {
            return quota;
        }
        match limits.count(RateClass::Default, key) {
            Some(Err(too_many)) => Some(Err(too_many)),
            _ => quota,
        }
    }

    fn is_required(self, request: &HttpRequest) -> bool {
        self.access.is_required(SignInRequirement::of(request))
    }

    /// The caller; `None` where the route does not require one; or the error to return once the request is counted. Fails when the
    /// address has sent too many invalid tokens.
    async fn identify(
        self,
        request: &HttpRequest,
        limits: Option<&Data<Limits>>,
        client: Client,
    ) -> Result<ApiResult<Option<Caller>>, RateExceeded> {
        if self.access == Access::Public {
            return Ok(Ok(None));
        }
        let limits = limits.filter(|_| caller::bearer(request).is_some());
        if let Some(limits) = limits {
            limits.may_try_a_token(client.address)?;
        }
        let shares = request.app_data::<Data<Shares>>().filter(|_| caller::bearer(request).is_some());
        let _look_up = match shares {
            Some(shares) => match shares.take_look_up(client).await {
                Ok(look_up) => Some(look_up),
                Err(error) => return Ok(Err(error)),
            },
            None => None,
        };
        Ok(match caller::identify(request).await {
            Ok(caller) => Ok(Some(caller)),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                if let Some(limits) = limits {
                    limits.count_bad_token(client.address);
                }
                if self.is_required(request) { Err(error.into()) } else { Ok(None) }
            }
            Err(error) => Err(error.into()),
        })
    }
}

/// Waits for the place of `request`, which holds it until it ends. Does nothing where there are no shares, the request has a place, or
/// its route is not limited.
pub(crate) async fn take_seat(request: &HttpRequest) -> ApiResult<()> {
    let client = Client::of(request);
    let has_one = request.extensions().contains::<Seat>();
    let Some(shares) = request.app_data::<Data<Shares>>().filter(|_| client.class != RateClass::Unlimited && !has_one)
    else {
        return Ok(());
    };
    let seat = shares.take(client).await?;
    request.extensions_mut().insert(seat);
    if !client.class.counts_failures_only() {
        return Ok(());
    }
    // Requests that waited with this one may have used up the limit meanwhile.
    let limits = request.app_data::<Data<Limits>>();
    match limits.and_then(|limits| limits.would_count(client.class, client.address)) {
        Some(Err(too_many)) => {
            note(request, too_many.quota);
            Err(too_many.into())
        }
        _ => Ok(()),
    }
}

/// Stores the quota for the headers of the answer.
fn note(request: &HttpRequest, quota: Quota) {
    if let Some(headers) = request.extensions().get::<RateLimitHeaders>() {
        headers.set(quota);
    }
}

impl From<RateExceeded> for ApiError {
    fn from(too_many: RateExceeded) -> Self {
        Self::rate_limited(too_many.retry_after)
    }
}
