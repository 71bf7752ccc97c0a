//! A connection that receives notifications (`LISTEN`).

use std::future::poll_fn;

use domain::error::StoreError;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client};

use crate::connect::{ConnectTarget, Driver};
use crate::error::ConnectError;

/// How many notifications wait here; more wait in the connection.
const WAITING: usize = 1024;

/// A connection that listens on one channel. Dropping it closes it.
pub(crate) struct ListenConnection {
    _client: Client,
    payloads: mpsc::Receiver<String>,
}

impl ListenConnection {
    /// Connects to `url` and listens on `channel`. Notifications that commit after this returns are received.
    pub(crate) async fn start(url: &str, channel: &'static str) -> Result<Self, StoreError> {
        let (client, connection) = ConnectTarget::parse(url)
            .map_err(unavailable)?
            .for_purpose("notifications")
            .connect()
            .await
            .map_err(unavailable)?;
        let (sender, payloads) = mpsc::channel(WAITING);
        tokio::spawn(drive(connection, sender));
        client.batch_execute(&format!("LISTEN {channel}")).await.map_err(unavailable)?;
        Ok(Self { _client: client, payloads })
    }

    /// Waits for notifications; returns the payloads of up to `most`, in the order of commits.
    pub(crate) async fn next(&mut self, most: usize) -> Result<Vec<String>, StoreError> {
        let mut payloads = Vec::new();
        if self.payloads.recv_many(&mut payloads, most).await == 0 {
            return Err(StoreError::Unavailable("the connection that listens ended".to_owned()));
        }
        Ok(payloads)
    }
}

/// Drives `connection` and passes on its notifications, until it ends or the receiver is dropped.
async fn drive(mut connection: Driver, sender: mpsc::Sender<String>) {
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(notification)) => {
                if sender.send(notification.payload().to_owned()).await.is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "LISTEN connection failed");
                return;
            }
        }
    }
}

fn unavailable(error: impl Into<ConnectError>) -> StoreError {
    StoreError::Unavailable(error.into().message)
}
