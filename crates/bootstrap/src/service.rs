//! What the service manager is told, where one started the program and wants to know.

use sd_notify::NotifyState;

/// What becomes of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does its work from now on.
    Ready,
    /// It comes to an end.
    Stopping,
}

/// Tells the service manager; without one, nothing.
pub fn notify(state: State) {
    let state = match state {
        State::Ready => NotifyState::Ready,
        State::Stopping => NotifyState::Stopping,
    };
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "notifying the service manager failed");
    }
}
