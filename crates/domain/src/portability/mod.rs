//! Portability: the export of all data of an account, and its import into another instance or another account.
//!
//! An [`Export`] returns the [`ExportPart`]s of one snapshot. An [`Import`] takes parts in one transaction under the account's lock (I1).
//! It writes messages through the code of a sync, so a repeated part adds nothing. No part contains a secret.

mod error;
mod export;
mod import;
mod merge;
mod owned;
pub mod ports;

pub use error::PortabilityError;
pub use export::{Export, Exports};
pub use import::{Import, ImportTarget, Imported, Imports};
pub use owned::{
    ExportPart, Machine, OwnReferralCode, PastActivity, PastApiToken, PastEvent, PastFollow, PastNotification,
    PastProject, PastReferral, PastSession, PastUnlock, ReferralDirection,
};
