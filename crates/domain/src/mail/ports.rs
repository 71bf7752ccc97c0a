//! Ports of mail.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::email_job::NotificationEmail;
use super::error::MailError;
use crate::identity::Email;
use crate::ids::JobId;
use crate::users::Username;

/// A complete email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingEmail {
    /// Identifies the email: a repeated one has the same id, so that a mail program can recognise it.
    pub id: JobId,
    /// The address.
    pub to: Email,
    /// The name in the salutation.
    pub reader: Username,
    pub sent_at: OffsetDateTime,
    pub content: EmailContent,
}

/// The content of an email. Tickets become links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailContent {
    Verification {
        /// Verifies the address.
        ticket: String,
    },
    PasswordReset {
        /// Permits the reset.
        ticket: String,
    },
    PasswordChanged,
    News {
        news: NotificationEmail,
        /// Stops emails of this kind.
        unsubscribe: String,
    },
}

/// Renders and sends emails.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends `email`. On return the mail server has accepted it; after a crash it may have been accepted as well.
    async fn send(&self, email: &OutgoingEmail) -> Result<(), MailError>;
}
