//! Implements the domain's port for emails: renders templates and sends over SMTP, at a limited rate.

mod content;
mod figures;
mod message;
mod server;
mod session;
mod throttle;

use std::time::Duration;

use async_trait::async_trait;
use domain::mail::{MailError, Mailer, OutgoingEmail};
use thiserror::Error;

use message::Writer;
pub use server::{Security, SmtpServer};
use throttle::Throttle;

/// The sender of emails, and the addresses that links lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The address that emails come from, such as `burntop <burntop@example.org>`.
    pub from: String,
    /// The name of the installation.
    pub app_name: String,
    /// The public address of the API, without a slash at the end.
    pub public_url: String,
    /// The address of the frontend, without a slash at the end.
    pub frontend_url: String,
}

/// Invalid settings of mail. Contains no password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// The URL of the server is malformed.
    #[error("the mail server must be smtps://user:password@host:465, or smtp://…, and {0}")]
    Server(&'static str),
    /// The sender is malformed.
    #[error("the sender must be an address such as `burntop <burntop@example.org>`, not `{0}`")]
    From(String),
}

/// Sends emails through one mail server, each over its own connection.
#[derive(Debug)]
pub struct SmtpMailer {
    server: SmtpServer,
    writer: Writer,
    throttle: Throttle,
    timeout: Duration,
}

impl SmtpMailer {
    /// Sends through `server` for `sender`, at most `per_minute` emails a minute (0 is no limit), each within `timeout`.
    pub fn new(server: SmtpServer, sender: Sender, per_minute: u32, timeout: Duration) -> Result<Self, SetupError> {
        Ok(Self { server, writer: Writer::new(sender)?, throttle: Throttle::of(per_minute), timeout })
    }

    /// Connects to the server, with TLS and authentication as for an email, and sends none.
    pub async fn check(&self) -> Result<(), MailError> {
        session::check(&self.server, self.writer.host(), self.timeout).await
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, email: &OutgoingEmail) -> Result<(), MailError> {
        let message = self.writer.write(email)?;
        self.throttle.wait().await;
        session::send(&self.server, self.writer.host(), self.timeout, &message).await
    }
}
