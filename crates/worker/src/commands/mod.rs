//! The commands.

pub(crate) mod admin;
pub(crate) mod backup;
pub(crate) mod import;
pub(crate) mod invite;
pub(crate) mod jobs;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod run_once;
pub(crate) mod user;

use bootstrap::StartupError;
use bootstrap::signals::ShutdownSignals;
use tokio_util::sync::CancellationToken;

/// A token that the first SIGTERM or SIGINT cancels.
pub(crate) fn interrupted() -> Result<CancellationToken, StartupError> {
    let (cancellation, mut end) = (CancellationToken::new(), ShutdownSignals::listen()?);
    let interrupted = cancellation.clone();
    tokio::spawn(async move {
        end.comes().await;
        cancellation.cancel();
    });
    Ok(interrupted)
}
