//! The file format of an account's export: JSON lines, each with a `type`.
//!
//! The first line is a [`Manifest`], the second the [`AccountLine`], the last an [`EndLine`] that counts all lines before it by type: a
//! file without it was cut off. [`manifest`], [`account`] and [`lines_of`] make lines of the domain's values, and [`Writer`]
//! writes them. [`Reader`] reads lines, and [`read_account`] and [`read_part`] check their values; both name the line and the
//! field of an error.
//!
//! Fields may be added within a version, because readers ignore unknown fields. A reader refuses an unknown type, because its
//! data would be lost.

mod from_domain;
mod into_domain;
mod key;
mod lines;
mod reader;
mod writer;

pub use from_domain::{account, lines_of, manifest};
pub use into_domain::{FieldError, read_account, read_part};
pub use key::Key;
pub use lines::{
    AccountLine, AchievementLine, ActivityLine, ApiTokenLine, EndLine, EventLine, ExternalAccountLine, FollowLine,
    Line, MachineLine, Manifest, MessageLine, NotificationLine, PreferenceLine, ProjectLine, ReferralCodeLine,
    ReferralLine, SessionLine,
};
pub use reader::{LONGEST_LINE, Reader, Refusal};
pub use writer::Writer;

/// What the manifest calls the format.
pub const FORMAT: &str = "burntop-export";

/// The version of the format.
pub const VERSION: u32 = 1;
