//! The content of emails, which templates render as text and as HTML.

use domain::mail::{EmailContent, OutgoingEmail, TokenLifetimes};

use crate::Sender;
use crate::figures::{Figure, figures};

/// The input of the templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) subject: String,
    pub(crate) app: String,
    pub(crate) reader: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) action: Option<Action>,
    pub(crate) closing: Vec<String>,
    /// The URL that stops emails of this kind.
    pub(crate) stop: Option<String>,
}

/// A link of the email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) label: &'static str,
    pub(crate) url: String,
}

impl View {
    /// The content of `email` from `sender`. Tickets need no escaping in a URL.
    pub(crate) fn of(email: &OutgoingEmail, sender: &Sender) -> Self {
        let Sender { app_name, public_url, frontend_url, .. } = sender;
        let (app, reader) = (app_name.clone(), email.reader.to_string());
        let page = |label, path: &str| Some(Action { label, url: format!("{frontend_url}{path}") });
        let plain = Self {
            subject: String::new(),
            app,
            reader: reader.clone(),
            paragraphs: Vec::new(),
            figures: Vec::new(),
            action: None,
            closing: Vec::new(),
            stop: None,
        };
        match &email.content {
            EmailContent::Verification { ticket } => Self {
                subject: format!("Is this your address? Confirm it for {app_name}"),
                paragraphs: vec![format!(
                    "The account {reader} at {app_name} was created with this address. If it is yours, confirm the address \
                     within {} hours.",
                    TokenLifetimes::VERIFICATION.whole_hours()
                )],
                action: page("Confirm this address", &format!("/auth/verify?token={ticket}")),
                closing: vec!["If you did not create this account, do nothing: the address stays unconfirmed.".to_owned()],
                ..plain
            },
            EmailContent::PasswordReset { ticket } => Self {
                subject: format!("Choose a new password for {app_name}"),
                paragraphs: vec![format!(
                    "A new password was requested for your account {reader} at {app_name}. If you requested it, choose one \
                     within {} minutes.",
                    TokenLifetimes::PASSWORD_RESET.whole_minutes()
                )],
                action: page("Choose a new password", &format!("/auth/reset?token={ticket}")),
                closing: vec!["If you did not request it, do nothing: your password stays unchanged.".to_owned()],
                ..plain
            },
            EmailContent::PasswordChanged => Self {
                subject: format!("Your password for {app_name} was changed"),
                paragraphs: vec![format!(
                    "The password of your account {reader} at {app_name} was changed, and other sessions have ended."
                )],
                action: page("Open the application", "/"),
                closing: vec![
                    "If you did not change it, use the link for a forgotten password on the sign-in page. A password reset \
                     also ends API tokens and removes linked accounts at providers."
                        .to_owned(),
                ],
                ..plain
            },
            EmailContent::News { news, unsubscribe } => Self {
                subject: news.title.clone(),
                paragraphs: vec![news.title.clone() + ".", news.message.clone()],
                figures: figures(news),
                action: page("Open the application", "/"),
                stop: Some(unsubscribe_url(public_url, unsubscribe)),
                ..plain
            },
        }
    }
}

/// The URL at which `ticket` stops emails.
pub(crate) fn unsubscribe_url(public_url: &str, ticket: &str) -> String {
    format!("{public_url}/api/v1/notifications/unsubscribe?token={ticket}")
}
