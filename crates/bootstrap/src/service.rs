//! Notifies the service manager (`NOTIFY_SOCKET`), if one started the program.

use sd_notify::NotifyState;

/// The state of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Ready,
    Stopping,
}

/// Notifies the service manager; does nothing without one.
pub fn notify(state: State) {
    let state = match state {
        State::Ready => NotifyState::Ready,
        State::Stopping => NotifyState::Stopping,
    };
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "notifying the service manager failed");
    }
}
