//! The ledger: taking in what somebody's tools logged, and its removal.

mod forget;
pub mod sync;

use crate::routes::Routes;

/// The routes of the ledger.
pub fn routes() -> Routes {
    sync::routes().and(forget::routes())
}
