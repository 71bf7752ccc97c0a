//! The adapter against a mail server with configurable faults, over real connections.

#[expect(unreachable_pub, dead_code, reason = "the mail server of the stories, which use more of it")]
#[path = "../../../../tests/src/smtp.rs"]
mod server;

use std::time::Duration;

use adapters_mail::{Security, Sender, SmtpMailer, SmtpServer};
use domain::error::{DomainError, ErrorKind};
use domain::identity::Email;
use domain::ids::JobId;
use domain::mail::{EmailContent, MailError, Mailer, NotificationEmail, OutgoingEmail};
use domain::notifications::NotificationKind;
use domain::users::Username;
use server::{FakeSmtp, SmtpBehavior};
use time::macros::datetime;
use uuid::Uuid;

const LOGIN: (&str, &str) = ("burntop", "hunter2");

fn sender() -> Sender {
    Sender {
        from: "burntop <burntop@example.org>".into(),
        app_name: "burntop".into(),
        public_url: "https://api.example.org".into(),
        frontend_url: "https://app.example.org".into(),
    }
}

fn mailer(server: SmtpServer, timeout: Duration) -> SmtpMailer {
    SmtpMailer::new(server, sender(), 0, timeout).expect("a mailer")
}

fn to(server: &FakeSmtp) -> SmtpMailer {
    mailer(SmtpServer::parse(&server.url()).expect("a server"), Duration::from_mins(1))
}

fn email_to(address: &str) -> OutgoingEmail {
    let news = NotificationEmail {
        kind: NotificationKind::FollowRequest,
        title: "Grüße".into(),
        message: "bob would like to follow you.\n.\nQUIT".into(),
        facts: Vec::new(),
    };
    OutgoingEmail {
        id: JobId(Uuid::from_u128(7)),
        to: Email::trusted(address),
        reader: Username::trusted("ada"),
        sent_at: datetime!(2026-11-23 09:00 UTC),
        content: EmailContent::News { news, unsubscribe: "ticket".into() },
    }
}

fn email() -> OutgoingEmail {
    email_to("ada@example.org")
}

#[tokio::test]
async fn email_arrives_complete_and_repeated_has_same_id() {
    let server = FakeSmtp::start(Some(LOGIN)).await;
    let mailer = to(&server);
    for _ in 0..2 {
        mailer.send(&email()).await.expect("accepted");
    }
    let [first, second] = &server.posts()[..] else { panic!("two emails") };
    assert_eq!((first.from.as_str(), first.to.as_str()), ("burntop@example.org", "ada@example.org"));
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
    for part in ["text/plain", "text/html"] {
        let part = first.part(part);
        assert!(part.contains("Grüße") && part.contains("bob would like to follow you."), "{part}");
    }
    assert!(first.part("text/plain").contains("\n.\r\nQUIT") || first.part("text/plain").contains("\n.\nQUIT"));
    assert!(server.commands().iter().any(|line| line == "EHLO api.example.org"), "{:?}", server.commands());
    assert_eq!(server.visits(), 2, "each email has its own connection");
}

#[tokio::test]
async fn smtp_error_is_final_only_for_the_email_itself() {
    let server = FakeSmtp::start(Some(LOGIN)).await;
    for (command, answer, kind) in [
        ("RCPT", "550 5.1.1 nobody here", ErrorKind::Invalid),
        ("RCPT", "452 4.2.2 full", ErrorKind::Unavailable),
        ("RCPT", "421 4.3.2 later", ErrorKind::Unavailable),
        ("RCPT", "530 5.7.0 who are you", ErrorKind::Unavailable),
        ("DATA", "554 5.7.1 no spam", ErrorKind::Invalid),
        ("DATA", "451 4.7.1 greylisted", ErrorKind::Unavailable),
        ("MAIL", "550 5.7.1 not this sender", ErrorKind::Unavailable),
        ("AUTH", "535 5.7.8 wrong: hunter2", ErrorKind::Unavailable),
        ("AUTH", "454 4.7.0 later", ErrorKind::Unavailable),
        ("EHLO", "554 5.7.1 not you", ErrorKind::Unavailable),
    ] {
        server.behave(SmtpBehavior::Says(command, answer));
        let error = to(&server).send(&email()).await.expect_err(answer);
        assert_eq!(error.kind(), kind, "{command} {answer}: {error}");
        assert!(error.to_string().contains(&answer[..3]), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    server.behave(SmtpBehavior::Takes);
    to(&server).send(&email()).await.expect("accepted");
    assert_eq!(server.posts().len(), 1);
}

#[tokio::test]
async fn smtp_server_unreachable_slow_or_lost_is_retried() {
    let server = FakeSmtp::start(None).await;
    for manner in [
        SmtpBehavior::Silent,
        SmtpBehavior::HangsUp("EHLO"),
        SmtpBehavior::HangsUp("MAIL"),
        SmtpBehavior::HangsUp("DATA"),
        SmtpBehavior::TakesAndHangsUp,
        SmtpBehavior::Says("RCPT", "this is no answer"),
    ] {
        server.behave(manner);
        let timeout = if manner == SmtpBehavior::Silent { Duration::from_millis(200) } else { Duration::from_mins(1) };
        let mailer = mailer(SmtpServer::parse(&server.url()).expect("a server"), timeout);
        let error = mailer.send(&email()).await.expect_err("no answer");
        assert!(matches!(error, MailError::Unavailable(_)), "{manner:?}: {error}");
    }
    assert_eq!(server.posts().len(), 1, "an email without a reply was accepted and is sent twice");
    // A port that was free a moment ago.
    let free =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.and_then(|socket| socket.local_addr()).expect("a port");
    let unreachable = SmtpServer::parse(&format!("smtp://{free}")).expect("a server");
    let error = mailer(unreachable, Duration::from_mins(1)).send(&email()).await.expect_err("unreachable");
    assert!(matches!(error, MailError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn smtp_result_stands_whatever_happens_at_quit() {
    let server = FakeSmtp::start(None).await;
    let mailer = mailer(SmtpServer::parse(&server.url()).expect("a server"), Duration::from_millis(500));
    for manner in [SmtpBehavior::StallsOn("QUIT"), SmtpBehavior::HangsUp("QUIT"), SmtpBehavior::Says("QUIT", "500 no")]
    {
        server.behave(manner);
        mailer.send(&email()).await.unwrap_or_else(|error| panic!("{manner:?}: {error}"));
        let error = mailer.send(&email_to("ö@example.org")).await.expect_err("no SMTPUTF8");
        assert!(matches!(error, MailError::Refused(_)), "{manner:?}: {error}");
    }
    assert_eq!(server.posts().len(), 3, "each was accepted once");
}

#[tokio::test]
async fn smtp_server_without_tls_gets_no_credentials() {
    for security in [Security::StartTls, Security::Tls] {
        let server = FakeSmtp::start(Some(LOGIN)).await;
        let place = SmtpServer { security, ..SmtpServer::parse(&server.url()).expect("a server") };
        let error = mailer(place, Duration::from_secs(2)).send(&email()).await.expect_err("no TLS");
        assert!(matches!(error, MailError::Unavailable(_)), "{error}");
        let commands = server.commands().join("\n");
        assert!(
            !commands.contains("AUTH") && !commands.contains("MAIL") && !commands.contains("hunter2"),
            "{commands}"
        );
    }
}

#[tokio::test]
async fn smtp_address_unsupported_by_server_is_refused() {
    let server = FakeSmtp::start(None).await;
    let error = to(&server).send(&email_to("ö@example.org")).await.expect_err("no SMTPUTF8");
    assert!(matches!(error, MailError::Refused(_)), "{error}");
    assert!(server.posts().is_empty());
}
