//! The way to the database.

use std::time::Duration;

use tokio_postgres::{Config, Error};

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// How soon a server that is gone without a word is missed: that long idle, then three unanswered questions that far apart.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(5));

/// How long what was sent may go without a sign that it arrived (on Linux). The kernel's own patience is a quarter of an hour.
const UNHEARD: Duration = Duration::from_secs(35);

/// How to connect to `url`. What it says itself of the first and the last of these goes before.
pub(crate) fn way(url: &str) -> Result<Config, Error> {
    let mut config: Config = url.parse()?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECTING);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNHEARD);
    }
    config.keepalives_idle(KEEPALIVE.0).keepalives_interval(KEEPALIVE.1).keepalives_retries(3);
    Ok(config)
}
