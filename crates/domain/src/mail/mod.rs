//! Emails: e-mail to people who have an account.
//!
//! An [`EmailJob`] is a job, queued in the transaction that wants it. It names who is written to and what about; address, wishes
//! and links are looked up or made when it is sent ([`Emails`]), so nothing goes to an address that is not
//! theirs any more, and no link is ever stored.

mod email_job;
mod error;
pub mod ports;
mod requested;
mod service;

pub use email_job::{About, EmailJob, News};
pub use error::MailError;
pub use ports::{Content, Mailer, Outgoing};
pub use requested::RequestedEmail;
pub(crate) use service::bound_to_password;
pub use service::{Emails, Sent, TokenLifetimes};
