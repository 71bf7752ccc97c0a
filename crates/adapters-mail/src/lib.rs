//! Emails behind the domain's port: written from templates, sent over SMTP, no faster than an operator allows.

mod content;
mod figures;
mod message;
mod server;
mod session;
mod throttle;

use std::time::Duration;

use async_trait::async_trait;
use domain::mail::{MailError, Mailer, Outgoing};
use thiserror::Error;

use message::Writer;
pub use server::{Security, SmtpServer};
use throttle::Throttle;

/// Who writes, and where links lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The address that emails come from, such as `burntop <burntop@example.org>`.
    pub from: String,
    /// What this installation is called.
    pub app_name: String,
    /// Where people reach the API, without a slash at the end.
    pub public_url: String,
    /// Where the frontend is, without a slash at the end.
    pub frontend_url: String,
}

/// What is wrong with the settings of mail. Holds no password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SetupError {
    /// The address of the server cannot be read.
    #[error("the mail server must be smtps://user:password@host:465, or smtp://…, and {0}")]
    Server(&'static str),
    /// The sender cannot be read.
    #[error("the sender must be an address such as `burntop <burntop@example.org>`, not `{0}`")]
    From(String),
}

/// Sends emails through one mail server, each over a connection of its own.
#[derive(Debug)]
pub struct SmtpMailer {
    server: SmtpServer,
    writer: Writer,
    throttle: Throttle,
    timeout: Duration,
}

impl SmtpMailer {
    /// Sends through `server` for `sender`, at most `per_minute` emails a minute, each within `timeout`.
    pub fn new(server: SmtpServer, sender: Sender, per_minute: u32, timeout: Duration) -> Result<Self, SetupError> {
        Ok(Self { server, writer: Writer::new(sender)?, throttle: Throttle::of(per_minute), timeout })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, email: &Outgoing) -> Result<(), MailError> {
        let message = self.writer.write(email)?;
        self.throttle.wait().await;
        session::send(&self.server, self.writer.host(), self.timeout, &message).await
    }
}
