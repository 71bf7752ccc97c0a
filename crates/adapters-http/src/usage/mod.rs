//! The ledger: `POST /sync` adds usage, `GET /sync/state` shows what came, `DELETE /users/me/usage` removes usage.

mod forget;
mod state;
pub mod sync;

use crate::routes::Routes;

/// The routes of the ledger.
pub fn routes() -> Routes {
    sync::routes().and(state::routes()).and(forget::routes())
}
