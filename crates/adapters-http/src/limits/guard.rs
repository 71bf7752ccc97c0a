//! What stands before each route: finds out who calls, and counts the request.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use domain::error::{DomainError, ErrorKind};
use domain::identity::IdentityError;

use super::quota::{Quota, RateLimitHeaders, TooMany};
use super::shares::Seat;
use super::{Access, Class, Client, Key, Limits, Shares};
use crate::caller::{self, Caller, MaybeCaller};
use crate::client_ip::client_ip;
use crate::error::{ApiError, ApiResult};

/// The guard of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteGuard {
    pub(crate) access: Access,
    pub(crate) class: Class,
    /// Whether the handler reads a body. It takes its place once the body is there, so that one that arrives slowly holds none.
    pub(crate) reads_body: bool,
}

impl RouteGuard {
    /// Serves `request` through what is inside, if it is let in.
    pub(crate) async fn serve(
        self,
        request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let seated = match self.admit(request.request()).await {
            Ok(()) if self.reads_body => Ok(()),
            Ok(()) => take_seat(request.request()).await,
            Err(error) => Err(error),
        };
        match seated {
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
        let key = account.filter(|_| self.class != Class::Auth).unwrap_or(address);
        let counted = limits.and_then(|limits| limits.count(self.class, key));
        if let Some(Ok(quota) | Err(TooMany { quota, .. })) = counted {
            note(request, quota);
        }
        let caller = caller?;
        if let Some(Err(too_many)) = counted {
            return Err(too_many.into());
        }
        let allowed = caller.filter(|caller| caller.may(self.access.scope()));
        if self.access.is_required() && allowed.is_none() {
            return Err(IdentityError::OutOfScope.into());
        }
        if self.access != Access::Public {
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
        client: Client,
    ) -> Result<ApiResult<Option<Caller>>, TooMany> {
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
                if self.access.is_required() { Err(error.into()) } else { Ok(None) }
            }
            Err(error) => Err(error.into()),
        })
    }
}

/// Waits for the place of `request`, which holds it as long as it lives. Where there are no shares, it has one already, or its
/// route is not limited, it waits for nothing.
pub(crate) async fn take_seat(request: &HttpRequest) -> ApiResult<()> {
    let client = Client::of(request);
    let has_one = request.extensions().contains::<Seat>();
    let Some(shares) = request.app_data::<Data<Shares>>().filter(|_| client.class != Class::Unlimited && !has_one)
    else {
        return Ok(());
    };
    let seat = shares.take(client).await?;
    request.extensions_mut().insert(seat);
    Ok(())
}

/// Leaves how the client stands for whoever writes the answer.
fn note(request: &HttpRequest, quota: Quota) {
    if let Some(headers) = request.extensions().get::<RateLimitHeaders>() {
        headers.set(quota);
    }
}

impl From<TooMany> for ApiError {
    fn from(too_many: TooMany) -> Self {
        Self::rate_limited(too_many.retry_after)
    }
}
