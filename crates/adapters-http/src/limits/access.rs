//! The access to a route. The route table states it; the guard enforces it, and the API's document shows it.

use actix_web::HttpRequest;
use actix_web::web::Data;
use domain::identity::TokenScope;
use utoipa::openapi::security::SecurityRequirement;

/// Whether routes that show users require a caller, from the app's data; by default they do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignInRequirement(pub bool);

impl SignInRequirement {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        request.app_data::<Data<Self>>().map_or_else(Self::default, |requirement| ***requirement)
    }
}

/// The tokens that a route accepts. A session can do whatever an API token can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Serves every request and does not read its token.
    Public,
    /// Serves every request, and identifies a caller with a session.
    OptionalSession,
    /// Shows users. Serves every request, and identifies a caller with a session or an API token with this scope. Where the operator
    /// demands a sign-in ([`SignInRequirement`]), such a caller is required.
    Optional(TokenScope),
    /// Requires a session.
    Session,
    /// Requires a session or an API token with this scope.
    Token(TokenScope),
}

impl Access {
    /// The scope that an API token needs; without one, only a session is accepted.
    pub(crate) const fn scope(self) -> Option<TokenScope> {
        match self {
            Self::Optional(scope) | Self::Token(scope) => Some(scope),
            Self::Public | Self::OptionalSession | Self::Session => None,
        }
    }

    /// Whether a request without an accepted token is refused.
    pub(crate) const fn is_required(self, users: SignInRequirement) -> bool {
        match self {
            Self::Session | Self::Token(_) => true,
            Self::Optional(_) => users.0,
            Self::Public | Self::OptionalSession => false,
        }
    }

    /// The access as the document states it; `None` for a public route.
    pub(crate) fn requirements(self) -> Option<Vec<SecurityRequirement>> {
        let bearer = SecurityRequirement::new("bearer", self.scope().map(TokenScope::name));
        match self {
            Self::Public => None,
            Self::OptionalSession | Self::Optional(_) => Some(vec![SecurityRequirement::default(), bearer]),
            Self::Session | Self::Token(_) => Some(vec![bearer]),
        }
    }
}
