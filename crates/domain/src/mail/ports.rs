//! What emails need from outside: somebody who writes and sends them.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::email_job::News;
use super::error::MailError;
use crate::identity::Email;
use crate::ids::JobId;
use crate::users::Username;

/// Everything an email is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Names it: the same email sent twice has the same name, so that a reader's mail program may tell.
    pub id: JobId,
    /// Where it goes.
    pub to: Email,
    /// Whom it speaks to.
    pub reader: Username,
    /// When it is sent.
    pub sent_at: OffsetDateTime,
    /// What it says.
    pub content: Content,
}

/// What an email says. The tickets become links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Whether the address is theirs.
    Verification {
        /// Shows that it is.
        ticket: String,
    },
    /// A way to choose another password.
    PasswordReset {
        /// Lets them.
        ticket: String,
    },
    /// That the password is another one now.
    PasswordChanged,
    /// A notification.
    News {
        /// Which.
        news: News,
        /// Stops emails of its kind.
        unsubscribe: String,
    },
}

/// Writes and sends emails.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends `email`; on return the mail server has taken it. Whoever is killed before may have sent it, too.
    async fn send(&self, email: &Outgoing) -> Result<(), MailError>;
}
