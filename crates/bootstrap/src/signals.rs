//! The signals that end a program.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::startup::StartupError;

/// What a service manager sends.
pub const TERMINATE: &str = "SIGTERM";

/// The signals that end the program. While this is listened to they no longer end the process by themselves.
#[derive(Debug)]
pub struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    /// Listens from now on; needs the runtime.
    pub fn listen() -> Result<Self, StartupError> {
        let on = |kind| {
            signal(kind)
                .map_err(|error| StartupError::Other { doing: "listening for signals", reason: error.to_string() })
        };
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    /// Waits for one of them; returns its name.
    pub async fn comes(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => TERMINATE,
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}
