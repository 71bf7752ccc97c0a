//! Invitations: permissions to create one account.

use time::{Duration, OffsetDateTime};

use super::email::Email;
use super::session::{Secret, TokenHash};
use crate::ids::{InvitationId, UserId};
use crate::users::Username;

/// A permission to create one account. Its token is shown once; only the hash is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub hash: TokenHash,
    /// The only address that it permits; `None` permits any.
    pub email: Option<Email>,
    /// Whether the new account becomes an administrator. Only the start of an empty instance makes such an invitation.
    pub is_for_administrator: bool,
    /// The administrator; `None` for the operator.
    pub created_by: Option<UserId>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

impl Invitation {
    /// How long an invitation is valid unless its creator says otherwise.
    pub const LIFETIME: Duration = Duration::days(7);

    /// The longest time that an invitation can be valid.
    pub const LONGEST: Duration = Duration::days(90);

    /// How long the link of the first administrator is valid.
    pub const SETUP_LIFETIME: Duration = Duration::days(1);

    /// Whether an account with `email` may be created with it.
    pub fn permits(&self, email: Option<&Email>) -> bool {
        self.email.is_none() || self.email.as_ref() == email
    }
}

/// The token of an invitation as a request names it. It may belong to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedInvitation(TokenHash);

impl NamedInvitation {
    /// Takes the typed text of a token; `None` if it is blank.
    pub fn typed(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(TokenHash::of(text)))
    }

    pub(super) fn hash(self) -> TokenHash {
        self.0
    }
}

/// A new invitation with its token, which is shown only once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedInvitation {
    pub invitation: Invitation,
    /// `i_` and 43 base64url characters of 256 random bits.
    pub token: Secret,
}

impl IssuedInvitation {
    /// The page of the server at `public_url` that creates the account.
    pub fn url(&self, public_url: &str) -> String {
        format!("{public_url}/register?invitation={}", self.token.expose())
    }
}

/// An invitation as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedInvitation {
    pub id: InvitationId,
    pub email: Option<Email>,
    pub is_for_administrator: bool,
    /// `None` for the operator, and once the administrator is purged.
    pub created_by: Option<Username>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// When an account was created with it.
    pub used_at: Option<OffsetDateTime>,
    /// The account.
    pub used_by: Option<Username>,
}
