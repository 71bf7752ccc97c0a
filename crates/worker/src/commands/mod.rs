//! What each command does.

pub(crate) mod admin;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod run_once;

use bootstrap::StartupError;
use tokio::signal::unix::{SignalKind, signal};
use worker::Stop;

use crate::failed;

/// The signals that end the program, listened to from now on.
pub(crate) struct End {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl End {
    pub(crate) fn listen() -> Result<Self, StartupError> {
        let on = |kind| signal(kind).map_err(|error| failed("listening for signals", error.to_string()));
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub(crate) async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

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
