//! API tokens: credentials of programs, limited to scopes.

use std::fmt;

use time::OffsetDateTime;

use super::session::{Secret, TokenHash};
use crate::ids::{ApiTokenId, UserId};

/// The most API tokens an account can have at once.
pub const MOST_API_TOKENS: usize = 50;

/// What a token permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenScope {
    /// Sending usage.
    Sync,
    /// Reading everything the owner can read, except what opens the account: sessions, tokens, the export.
    Read,
}

impl TokenScope {
    pub const ALL: [Self; 2] = [Self::Sync, Self::Read];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Read => "read",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes {
    pub sync: bool,
    pub read: bool,
}

impl Scopes {
    pub const fn contains(self, scope: TokenScope) -> bool {
        match scope {
            TokenScope::Sync => self.sync,
            TokenScope::Read => self.read,
        }
    }

    pub fn iter(self) -> impl Iterator<Item = TokenScope> {
        TokenScope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<TokenScope> for Scopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> Self {
        let mut set = Self::default();
        for scope in scopes {
            match scope {
                TokenScope::Sync => set.sync = true,
                TokenScope::Read => set.read = true,
            }
        }
        set
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    pub id: ApiTokenId,
    /// The owner.
    pub user: UserId,
    pub hash: TokenHash,
    /// Given by the owner: a [`name`](crate::display::name) of 1 to 100 characters.
    pub name: String,
    pub scopes: Scopes,
    pub created_at: OffsetDateTime,
    /// `None`: valid until it is revoked.
    pub expires_at: Option<OffsetDateTime>,
    /// Exact to some minutes; `None` before the first use.
    pub last_used_at: Option<OffsetDateTime>,
}

/// The wanted properties of a new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    pub name: String,
    pub scopes: Scopes,
    pub expires_at: Option<OffsetDateTime>,
}

/// A new API token with its secret, which is shown only once.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedToken {
    pub token: ApiToken,
    /// `t_` and 43 base64url characters of 256 random bits.
    pub secret: Secret,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_round_trip_by_name_and_as_set() {
        assert!(TokenScope::ALL.into_iter().all(|scope| TokenScope::parse(scope.name()) == Some(scope)));
        assert_eq!(TokenScope::parse("Sync"), None);
        for (scopes, sync, read) in [
            (&[][..], false, false),
            (&[TokenScope::Sync][..], true, false),
            (&[TokenScope::Read, TokenScope::Read][..], false, true),
            (&[TokenScope::Read, TokenScope::Sync][..], true, true),
        ] {
            let set: Scopes = scopes.iter().copied().collect();
            assert_eq!((set.contains(TokenScope::Sync), set.contains(TokenScope::Read)), (sync, read), "{scopes:?}");
            assert_eq!(set.iter().count(), usize::from(sync) + usize::from(read));
        }
    }
}
