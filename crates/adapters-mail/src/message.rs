//! Renders an email: headers, a plain part and an HTML part.

use std::time::SystemTime;

use askama::Template;
use domain::mail::{EmailContent, MailError, OutgoingEmail};
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::content::{View, unsubscribe_url};
use crate::{Sender, SetupError};

#[derive(Template)]
#[template(path = "email.txt")]
struct Text<'a> {
    email: &'a View,
}

#[derive(Template)]
#[template(path = "email.html")]
struct Page<'a> {
    email: &'a View,
}

/// Writes emails of one sender.
#[derive(Debug)]
pub(crate) struct Writer {
    sender: Sender,
    from: Mailbox,
    host: String,
}

impl Writer {
    pub(crate) fn new(sender: Sender) -> Result<Self, SetupError> {
        let from = sender.from.parse().map_err(|_| SetupError::From(sender.from.clone()))?;
        let host = host(&sender.public_url).to_owned();
        Ok(Self { sender, from, host })
    }

    /// The name of this installation for mail servers: the host of its public address.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Renders `email`.
    pub(crate) fn write(&self, email: &OutgoingEmail) -> Result<Message, MailError> {
        let view = View::of(email, &self.sender);
        let unwritten = |error: &dyn std::fmt::Display| MailError::Unwritten(error.to_string());
        let text = Text { email: &view }.render().map_err(|error| unwritten(&error))?;
        let page = Page { email: &view }.render().map_err(|error| unwritten(&error))?;
        // Users enter their address, so one that no mail can be sent to is a refusal, as from a mail server.
        let refused = |_| MailError::Refused("no mail can be sent to this address".to_owned());
        let to = Mailbox::new(None, email.to.as_str().parse().map_err(refused)?);
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(view.subject)
            .date(SystemTime::from(email.sent_at))
            .message_id(Some(format!("<{}@{}>", email.id, self.host)))
            .raw_header(plain("Auto-Submitted", "auto-generated"));
        if let EmailContent::News { unsubscribe, .. } = &email.content {
            let url = unsubscribe_url(&self.sender.public_url, unsubscribe);
            message = message
                .raw_header(plain("List-Unsubscribe", &format!("<{url}>")))
                .raw_header(plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        message.multipart(MultiPart::alternative_plain_html(text, page)).map_err(|error| unwritten(&error))
    }
}

/// A header with an ASCII value that must not be folded.
fn plain(name: &'static str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), value.to_owned())
}

/// The host of `url`, without its port.
fn host(url: &str) -> &str {
    let place = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = place.split(['/', '?', '#']).next().unwrap_or_default();
    match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => place.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use domain::identity::Email;
    use domain::ids::JobId;
    use domain::mail::NotificationEmail;
    use domain::notifications::NotificationKind;
    use domain::users::Username;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    fn writer() -> Writer {
        Writer::new(Sender {
            from: "burntop <burntop@example.org>".into(),
            app_name: "burn<top>".into(),
            public_url: "https://api.example.org:8443".into(),
            frontend_url: "https://app.example.org".into(),
        })
        .expect("a sender")
    }

    fn email(content: EmailContent) -> OutgoingEmail {
        OutgoingEmail {
            id: JobId(Uuid::from_u128(7)),
            to: Email::trusted("ada@example.org"),
            reader: Username::trusted("ada"),
            sent_at: datetime!(2026-11-23 09:00:01 UTC),
            content,
        }
    }

    fn news(title: &str, message: &str) -> EmailContent {
        let facts = vec![("tokens".to_owned(), 1_234_u64.into())];
        let (title, message) = (title.to_owned(), message.to_owned());
        let news = NotificationEmail { kind: NotificationKind::WeeklySummary, title, message, facts };
        EmailContent::News { news, unsubscribe: "tic-ket_".into() }
    }

    /// The rendered email, with broken lines joined.
    fn written(content: EmailContent) -> String {
        let bytes = writer().write(&email(content)).expect("an email").formatted();
        String::from_utf8(bytes).expect("ASCII").replace("=\r\n", "").replace("=3D", "=")
    }

    #[test]
    fn email_has_headers_and_both_parts() {
        for content in [
            EmailContent::Verification { ticket: "tic-ket_".into() },
            EmailContent::PasswordReset { ticket: "tic-ket_".into() },
            EmailContent::PasswordChanged,
            news("Your week", "1,234 tokens."),
        ] {
            let is_news = matches!(content, EmailContent::News { .. });
            let links = match content {
                EmailContent::Verification { .. } | EmailContent::PasswordReset { .. } => 3,
                EmailContent::PasswordChanged => 0,
                EmailContent::News { .. } => 2,
            };
            let wire = written(content);
            let (head, body) = wire.split_once("\r\n\r\n").expect("a head and a body");
            for header in [
                "From: burntop <burntop@example.org>",
                "To: ada@example.org",
                "Date: Mon, 23 Nov 2026 09:00:01 +0000",
                "Message-ID: <00000000-0000-0000-0000-000000000007@api.example.org>",
                "Auto-Submitted: auto-generated",
                "Content-Type: multipart/alternative;",
            ] {
                assert!(head.lines().any(|line| line.starts_with(header)), "{header}: {head}");
            }
            let url = "https://api.example.org:8443/api/v1/notifications/unsubscribe?token=tic-ket_";
            assert_eq!(head.contains(&format!("List-Unsubscribe: <{url}>\r\n")), is_news, "{head}");
            assert_eq!(head.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), is_news);
            let (text, page) = (body.find("text/plain").expect("a text"), body.find("text/html").expect("a page"));
            assert!(text < page, "mail programs prefer the last part");
            assert_eq!(body.matches("tic-ket_").count(), links, "{body}");
            assert!(!body.contains("src=") && !body.contains("<link"), "the page loads nothing");
        }
    }

    #[test]
    fn email_links_lead_to_frontend() {
        for (content, link) in [
            (EmailContent::Verification { ticket: "t1".into() }, "https://app.example.org/auth/verify?token=t1"),
            (EmailContent::PasswordReset { ticket: "t2".into() }, "https://app.example.org/auth/reset?token=t2"),
            (EmailContent::PasswordChanged, "https://app.example.org/"),
            (news("Your week", ""), "https://app.example.org/"),
        ] {
            let wire = written(content);
            assert!(wire.contains(&format!("\r\n{link}\r\n")), "{wire}");
            assert!(wire.contains(&format!("href=\"{link}\"")), "{wire}");
        }
    }

    #[test]
    fn email_content_is_escaped_and_adds_no_header() {
        let wire = written(news("<b>\"Tom\" & 'Jerry'</b>\r\nBcc: eve@example.org", "<script>"));
        let (head, body) = wire.split_once("\r\n\r\n").expect("a head and a body");
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        let (text, page) = body.split_once("text/html").expect("two parts");
        assert!(text.contains("<script>") && text.contains("burn<top>"), "{text}");
        assert!(page.contains("&#60;script&#62;") && page.contains("burn&#60;top&#62;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        for part in [text, page] {
            assert!(part.contains("Tokens") && part.contains("1,234"), "{part}");
        }
    }

    #[test]
    fn email_in_other_alphabet_is_encoded() {
        let wire = writer().write(&email(news("Grüße", "日本"))).expect("an email").formatted();
        assert!(wire.is_ascii());
        let foreign = OutgoingEmail { to: Email::trusted("ö@exämple.org"), ..email(news("Grüße", "日本")) };
        assert!(writer().write(&foreign).is_ok());
        let impossible = OutgoingEmail { to: Email::trusted("a@b_.x!"), ..foreign };
        assert!(matches!(writer().write(&impossible), Err(MailError::Refused(_))));
    }

    #[test]
    fn email_to_any_valid_account_address_is_written() {
        let local = "a".repeat(64);
        for address in [
            "a@b",
            "o'brien!#$%&*/=?^_`{|}~-@example.org",
            "ö.ü@EXÄMPLE.org",
            "ada@例え.テスト",
            "ada@r3---sn.example.org",
            &format!("{local}@{}.{}.org", "b".repeat(63), "c".repeat(63)),
        ] {
            let to = Email::parse(address).expect("an address");
            assert!(writer().write(&OutgoingEmail { to, ..email(EmailContent::PasswordChanged) }).is_ok(), "{address}");
        }
    }

    #[test]
    fn email_sender_must_be_address_and_host_has_no_port() {
        for (from, works) in
            [("burntop@example.org", true), ("b <b@example.org>", true), ("burntop", false), ("", false)]
        {
            let sender = Sender { from: from.into(), ..writer().sender };
            assert_eq!(Writer::new(sender).is_ok(), works, "{from}");
        }
        for (url, name) in [
            ("https://api.example.org", "api.example.org"),
            ("http://127.0.0.1:8000", "127.0.0.1"),
            ("http://[::1]:8000/x", "::1"),
        ] {
            assert_eq!(host(url), name);
        }
    }
}
