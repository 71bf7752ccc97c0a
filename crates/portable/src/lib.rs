//! The format that an account is taken along in: one JSON object a line, each naming its `type`.
//!
//! The first line is a [`Manifest`], the second the [`Account`], the last an [`End`] that counts all lines before it by their
//! type: a file without it was cut off. [`Writer`] writes lines and keeps count; [`Reader`] checks all this and names the line
//! and the field of whatever is wrong. What the values mean, and whether they can be, is for whoever uses them.
//!
//! Fields may be added within a version, since readers pass over what they do not know; a type that they do not know they
//! refuse, because it would be lost.

mod key;
mod lines;
mod reader;
mod writer;

pub use key::Key;
pub use lines::{
    Account, Achievement, Activity, ApiToken, End, Event, ExternalAccount, Line, Machine, Manifest, Message,
    Notification, Person, Preference, Project, Referral, ReferralCode, Session,
};
pub use reader::{LONGEST_LINE, Reader, Refusal};
pub use writer::Writer;

/// What the manifest calls the format.
pub const FORMAT: &str = "burntop-export";

/// The version of the format.
pub const VERSION: u32 = 1;
