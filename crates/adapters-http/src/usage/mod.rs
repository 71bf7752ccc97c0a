//! The ledger: `POST /sync` adds usage, `DELETE /users/me/usage` removes it.

mod forget;
pub mod sync;

use crate::routes::Routes;

/// The routes of the ledger.
pub fn routes() -> Routes {
    sync::routes().and(forget::routes())
}
