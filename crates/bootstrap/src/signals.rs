//! The signals that end a program.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::startup::StartupError;

/// The signal that a service manager sends.
pub const TERMINATE: &str = "SIGTERM";

/// A listener for SIGTERM and SIGINT. While it exists these signals do not end the process by themselves.
#[derive(Debug)]
pub struct ShutdownSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl ShutdownSignals {
    /// Listens from now on; must be called on the runtime.
    pub fn listen() -> Result<Self, StartupError> {
        let on = |kind| {
            signal(kind)
                .map_err(|error| StartupError::Other { doing: "listening for signals", reason: error.to_string() })
        };
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    /// Waits for a signal; returns its name.
    pub async fn comes(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => TERMINATE,
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}
