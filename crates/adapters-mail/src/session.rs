//! Sends one email to the mail server, and maps the server's replies to errors.

use std::net::IpAddr;
use std::time::Duration;

use domain::mail::MailError;
use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};

use crate::server::{Security, SmtpServer};

/// The reply code of a server that requires authentication: a mistake in the settings, not a fault of the email.
const AUTHENTICATION_REQUIRED: &str = "530";

/// The most characters of a server's reply that are kept.
const LONGEST_REASON: usize = 200;

/// The time limit of QUIT.
const QUIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends `message` through `server` within `timeout`; EHLO names `host`.
pub(crate) async fn send(
    server: &SmtpServer,
    host: &str,
    timeout: Duration,
    message: &Message,
) -> Result<(), MailError> {
    let talking = async {
        let mut connection = open(server, host, timeout).await?;
        let sent = deliver(&mut connection, message).await;
        Ok::<_, MailError>((connection, sent))
    };
    let (mut connection, sent) = match tokio::time::timeout(timeout, talking).await {
        Ok(talked) => talked?,
        Err(_) => return Err(MailError::Unavailable(format!("the mail server took longer than {timeout:?}"))),
    };
    // The server has replied, and the result of QUIT does not change that: an accepted email is not sent again.
    let goodbye = async {
        match sent {
            Ok(()) => drop(connection.quit().await),
            Err(_) => connection.abort().await,
        }
    };
    let _ = tokio::time::timeout(QUIT_TIMEOUT.min(timeout), goodbye).await;
    sent
}

/// Opens a connection to `server`, with TLS and authentication, and closes it; all within `timeout`.
pub(crate) async fn check(server: &SmtpServer, host: &str, timeout: Duration) -> Result<(), MailError> {
    let mut connection = tokio::time::timeout(timeout, open(server, host, timeout))
        .await
        .unwrap_or_else(|_| Err(MailError::Unavailable(format!("the mail server took longer than {timeout:?}"))))?;
    let _ = tokio::time::timeout(QUIT_TIMEOUT.min(timeout), connection.quit()).await;
    Ok(())
}

/// Transfers `message`.
async fn deliver(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), MailError> {
    let envelope = message.envelope();
    let mut options = Vec::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(MailError::Refused(
                "the mail server does not support addresses with non-ASCII characters".to_owned(),
            ));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    // A refused sender is refused for all emails, so the error is not final.
    connection
        .command(Mail::new(envelope.from().cloned(), options))
        .await
        .map_err(|error| away("the sender", &error))?;
    for reader in envelope.to() {
        connection.command(Rcpt::new(reader.clone(), Vec::new())).await.map_err(|error| refused(&error))?;
    }
    connection.command(Data).await.map_err(|error| refused(&error))?;
    connection.message(&message.formatted()).await.map_err(|error| refused(&error))?;
    Ok(())
}

/// Opens a connection, with TLS and authentication. No failure here is a fault of the email, so none is final.
async fn open(server: &SmtpServer, host: &str, timeout: Duration) -> Result<AsyncSmtpConnection, MailError> {
    let hello = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    };
    let tls = || TlsParameters::new_rustls(server.host.clone()).map_err(|error| away("TLS", &error));
    let at_once = if server.security == Security::Tls { Some(tls()?) } else { None };
    let place = (server.host.as_str(), server.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(place, Some(timeout), &hello, at_once, None);
    let mut connection = connecting.await.map_err(|error| away("connecting", &error))?;
    if server.security == Security::StartTls {
        connection.starttls(tls()?, &hello).await.map_err(|error| away("STARTTLS", &error))?;
    }
    if let Some((user, password)) = &server.credentials {
        let credentials = Credentials::new(user.clone(), password.clone());
        let known = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        known.map_err(|error| {
            // The server's reply may contain the password, so only its code is kept.
            let code = error.status().map_or_else(|| "no code".to_owned(), |code| code.to_string());
            MailError::Unavailable(format!("login at the mail server failed ({code})"))
        })?;
    }
    Ok(connection)
}

/// The error of a refused email: final for a 5xx reply, else temporary.
fn refused(error: &Error) -> MailError {
    let wants_to_know = error.status().is_some_and(|code| code.to_string() == AUTHENTICATION_REQUIRED);
    if error.is_permanent() && !wants_to_know {
        MailError::Refused(reason(error))
    } else {
        MailError::Unavailable(reason(error))
    }
}

fn away(doing: &str, error: &Error) -> MailError {
    MailError::Unavailable(format!("{doing}: {}", reason(error)))
}

/// The text of `error` as one line of limited length.
fn reason(error: &Error) -> String {
    let plain = error.to_string().replace(char::is_control, " ");
    plain.chars().take(LONGEST_REASON).collect()
}
