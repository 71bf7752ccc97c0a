//! What each command does.

pub(crate) mod admin;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod run_once;

use bootstrap::StartupError;
use bootstrap::signals::End;
use tokio_util::sync::CancellationToken;

/// Cancelled by the first signal to end the program.
pub(crate) fn interrupted() -> Result<CancellationToken, StartupError> {
    let (cancellation, mut end) = (CancellationToken::new(), End::listen()?);
    let interrupted = cancellation.clone();
    tokio::spawn(async move {
        end.comes().await;
        cancellation.cancel();
    });
    Ok(interrupted)
}
