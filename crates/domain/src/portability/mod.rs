//! Taking one's data along: everything an account owns, read out as it stands at one moment, and taken in by another
//! instance or another account.
//!
//! An [`Export`] hands out [`ExportPart`] after part of one snapshot. An [`Import`] takes parts in one transaction, under the
//! account's lock and through the ledger's own code, so the same part twice adds nothing. Secrets are in no part.

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
    ExportPart, IssuedBefore, Machine, OwnCode, PastActivity, PastEvent, PastFollow, PastNotification, PastProject,
    PastUnlock, ReferralDirection, Referred, SignedIn,
};
