//! The caller of a request, and the device it comes from.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use domain::display::cleaned_name;
use domain::error::{DomainError, ErrorKind};
use domain::identity::{AuthMethod, Device, Identity, IdentityError, TokenScope};
use domain::ids::{SessionId, UserId};
use domain::progression::Level;
use domain::users::ViewedProfile;

use crate::client_ip::client_ip;
use crate::error::ApiError;
use crate::request_log;

/// The characters of a user agent that are stored.
const LONGEST_USER_AGENT: usize = 300;

/// The authenticated caller; 401 for a request without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub id: UserId,
    /// The session or API token of the request.
    pub via: AuthMethod,
    /// Whether it is an administrator of this instance.
    pub is_admin: bool,
}

impl Caller {
    /// The session of the request; fails for an API token.
    pub fn session(&self) -> Result<SessionId, IdentityError> {
        match self.via {
            AuthMethod::Session(session) => Ok(session),
            AuthMethod::ApiToken(..) => Err(IdentityError::OutOfScope),
        }
    }

    /// Whether the token allows an operation with `scope`; without a scope, only a session does.
    pub(crate) fn may(&self, scope: Option<TokenScope>) -> bool {
        match self.via {
            AuthMethod::Session(_) => true,
            AuthMethod::ApiToken(_, scopes) => scope.is_some_and(|scope| scopes.contains(scope)),
        }
    }
}

/// The caller of a route that does not require one: `None` without a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaybeCaller(pub Option<Caller>);

impl MaybeCaller {
    /// The account.
    pub fn id(&self) -> Option<UserId> {
        self.0.map(|caller| caller.id)
    }
}

/// The caller's own account, as the look-up of the token found it; 401 for a request without a caller.
#[derive(Debug, Clone)]
pub struct OwnAccount {
    /// The account, for its owner.
    pub profile: ViewedProfile,
    pub level: Level,
}

impl FromRequest for OwnAccount {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| IdentityError::NotSignedIn.into()))
    }
}

type ExtractFuture<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = ExtractFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if let Some(MaybeCaller(known)) = known(&request) {
                return known.ok_or_else(|| IdentityError::NotSignedIn.into());
            }
            // The route's guard has not checked the scopes of an API token.
            let caller = identify(&request).await?;
            if caller.may(None) { Ok(caller) } else { Err(IdentityError::OutOfScope.into()) }
        })
    }
}

impl FromRequest for MaybeCaller {
    type Error = ApiError;
    type Future = ExtractFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if let Some(known) = known(&request) {
                return Ok(known);
            }
            match identify(&request).await {
                Ok(caller) => Ok(Self(Some(caller).filter(|caller| caller.may(None)))),
                Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(Self(None)),
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// The caller that the route's guard identified; `None` on a public route, whose guard does not read the token.
fn known(request: &HttpRequest) -> Option<MaybeCaller> {
    request.extensions().get().copied()
}

/// Looks up the caller.
pub(crate) async fn identify(request: &HttpRequest) -> Result<Caller, IdentityError> {
    let token = bearer(request).ok_or(IdentityError::NotSignedIn)?;
    let identity = request.app_data::<Data<Identity>>().ok_or(IdentityError::NotSignedIn)?;
    let principal = identity.authenticate(token).await?;
    request_log::record_caller(&principal);
    let caller = Caller { id: principal.user.id, via: principal.via, is_admin: principal.is_admin() };
    let account = OwnAccount { profile: ViewedProfile::own(principal.user), level: principal.level };
    request.extensions_mut().insert(account);
    Ok(caller)
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The device that sent `request`.
pub fn device(request: &HttpRequest) -> Device {
    let agent = request.headers().get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    Device {
        ip: client_ip(request).map(|address| address.to_string()),
        user_agent: agent.map(|agent| cleaned_name(&agent, LONGEST_USER_AGENT)).filter(|agent| !agent.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn bearer_token_follows_its_scheme() {
        for (value, token) in [
            ("Bearer s_x", Some("s_x")),
            ("bEARER   s_x ", Some("s_x")),
            ("Basic s_x", None),
            ("Bearer", None),
            ("s_x", None),
            ("", None),
        ] {
            let request = TestRequest::default().insert_header((header::AUTHORIZATION, value)).to_http_request();
            assert_eq!(bearer(&request), token, "{value:?}");
        }
    }

    #[test]
    fn device_is_address_and_truncated_user_agent() {
        let peer = "192.0.2.7:1234".parse().expect("an address");
        let agent = "ü".repeat(400);
        let request = TestRequest::default().peer_addr(peer).insert_header((header::USER_AGENT, agent));
        let device = device(&request.to_http_request());
        assert_eq!(device.ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(device.user_agent, Some("ü".repeat(300)));
        assert_eq!(super::device(&TestRequest::default().to_http_request()), Device::default());
    }
}
