//! Tables for the tests.

use std::time::Duration;

use adapters_pricing::{FetchLimits, LiveTable};
use http_client::script::{Script, install_tls};

/// Limits for tests: a long timeout for slow machines, and no pauses.
pub(crate) fn limits() -> FetchLimits {
    FetchLimits { timeout: Duration::from_mins(1), pause: Duration::ZERO, bytes: 100_000 }
}

pub(crate) fn table(url: &str, limits: FetchLimits) -> LiveTable {
    install_tls();
    LiveTable::at(url, limits).expect("a client")
}

pub(crate) fn table_of(script: &Script) -> LiveTable {
    table(&format!("{}/table.json", script.url), limits())
}
