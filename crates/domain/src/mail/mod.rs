//! Mail: emails to users.
//!
//! An [`EmailJob`] is queued in the transaction that causes it. It names the recipient's account and the subject. Address,
//! preferences and links are read or made when it is sent ([`Emails`]), so that no email goes to a former address and no link is
//! stored.

mod email_job;
mod error;
pub mod ports;
mod requested;
mod service;

pub use email_job::{EmailJob, EmailSubject, NotificationEmail};
pub use error::MailError;
pub use ports::{EmailContent, Mailer, OutgoingEmail};
pub use requested::RequestedEmail;
pub use service::{Emails, SendOutcome, TokenLifetimes};
pub(crate) use service::{access_mark, bound_to_access, bound_to_password};
