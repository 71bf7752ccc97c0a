//! One connection that hears notifications.

use std::future::poll_fn;
use std::time::Duration;

use domain::store::StoreError;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};

use crate::error::ConnectError;

/// How many notifications wait here; more wait in the connection.
const WAITING: usize = 1024;

/// How soon a server that is gone without a word is missed: that long idle, then three unanswered questions that far apart.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(5));

/// A connection that listens on one channel. Dropping it closes it.
pub(crate) struct Listening {
    _client: Client,
    payloads: mpsc::Receiver<String>,
}

impl Listening {
    /// Connects to `url` and listens on `channel`: what is committed after this returns is heard.
    pub(crate) async fn start(url: &str, channel: &'static str) -> Result<Self, StoreError> {
        let mut config: Config = url.parse().map_err(unavailable)?;
        config.keepalives_idle(KEEPALIVE.0).keepalives_interval(KEEPALIVE.1).keepalives_retries(3);
        config.connect_timeout(Duration::from_secs(5));
        let (client, connection) = config.connect(NoTls).await.map_err(unavailable)?;
        let (heard, payloads) = mpsc::channel(WAITING);
        tokio::spawn(drive(connection, heard));
        client.batch_execute(&format!("LISTEN {channel}")).await.map_err(unavailable)?;
        Ok(Self { _client: client, payloads })
    }

    /// Waits for notifications; returns what up to `most` of them say, in the order in which they were committed.
    pub(crate) async fn next(&mut self, most: usize) -> Result<Vec<String>, StoreError> {
        let mut payloads = Vec::new();
        if self.payloads.recv_many(&mut payloads, most).await == 0 {
            return Err(StoreError::Unavailable("the connection that listens ended".to_owned()));
        }
        Ok(payloads)
    }
}

/// Moves `connection` on and passes on what it is notified of, until it ends or nobody wants to know.
async fn drive(
    mut connection: tokio_postgres::Connection<Socket, tokio_postgres::tls::NoTlsStream>,
    heard: mpsc::Sender<String>,
) {
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(notification)) => {
                if heard.send(notification.payload().to_owned()).await.is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "the connection that listens failed");
                return;
            }
        }
    }
}

fn unavailable(error: tokio_postgres::Error) -> StoreError {
    StoreError::Unavailable(ConnectError::from(error).message)
}
