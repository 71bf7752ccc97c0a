//! Notifies the service manager (`NOTIFY_SOCKET`), if one started the program.

use sd_notify::NotifyState;

/// The state of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    Ready,
    Stopping,
}

/// Notifies the service manager; does nothing without one.
pub fn notify(state: ServiceState) {
    let state = match state {
        ServiceState::Ready => NotifyState::Ready,
        ServiceState::Stopping => NotifyState::Stopping,
    };
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "notifying the service manager failed");
    }
}
