//! What each command does.

pub(crate) mod admin;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod run_once;

use bootstrap::StartupError;
use bootstrap::signals::End;
use worker::Stop;

/// Asked as soon as a signal says that the program is to end.
pub(crate) fn interrupted() -> Result<Stop, StartupError> {
    let (stop, mut end) = (Stop::default(), End::listen()?);
    let asked = stop.clone();
    tokio::spawn(async move {
        end.comes().await;
        asked.ask();
    });
    Ok(stop)
}
