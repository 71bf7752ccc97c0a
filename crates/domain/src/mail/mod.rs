//! Letters: e-mail to people who have an account.
//!
//! A [`Letter`] is a job, queued in the transaction that wants it. It names who is written to and what about; address, wishes
//! and links are looked up or made when it is sent ([`Letters`]), so nothing goes to an address that is not
//! theirs any more, and no link is ever stored.

mod error;
mod letter;
pub mod ports;
mod requested;
mod service;

pub use error::MailError;
pub use letter::{About, Letter, News};
pub use ports::{Content, Mailer, Outgoing};
pub use requested::RequestedEmail;
pub(crate) use service::bound_to_password;
pub use service::{Letters, Sent, TicketLives};
