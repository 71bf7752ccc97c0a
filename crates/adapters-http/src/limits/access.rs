//! The access to a route. The route table states it; the guard enforces it, and the API's document shows it.

use domain::identity::TokenScope;
use utoipa::openapi::security::SecurityRequirement;

/// The tokens that a route accepts. A session can do whatever an API token can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Serves every request and does not read its token.
    Public,
    /// Serves every request, and identifies a caller with a session.
    OptionalSession,
    /// Serves every request, and identifies a caller with a session or an API token with this scope.
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
    pub(crate) const fn is_required(self) -> bool {
        matches!(self, Self::Session | Self::Token(_))
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
