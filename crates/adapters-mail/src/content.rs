//! What emails say, before templates make a text and a page of it.

use domain::mail::{Content, Outgoing, TokenLifetimes};

use crate::Sender;
use crate::figures::{Figure, figures};

/// An email as the templates see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) subject: String,
    pub(crate) app: String,
    pub(crate) reader: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) action: Option<Action>,
    pub(crate) closing: Vec<String>,
    /// Where emails of this kind are stopped.
    pub(crate) stop: Option<String>,
}

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) label: &'static str,
    pub(crate) url: String,
}

impl View {
    /// What `email` says when it comes from `sender`. Tickets need no escaping in an address.
    pub(crate) fn of(email: &Outgoing, sender: &Sender) -> Self {
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
            Content::Verification { ticket } => Self {
                subject: format!("Is this your address? Confirm it for {app_name}"),
                paragraphs: vec![format!(
                    "The account {reader} at {app_name} was made with this address. If it is yours, confirm that within {} \
                     hours.",
                    TokenLifetimes::VERIFICATION.whole_hours()
                )],
                action: page("Confirm this address", &format!("/auth/verify?token={ticket}")),
                closing: vec!["If you made no such account, do nothing: the address stays unconfirmed.".to_owned()],
                ..plain
            },
            Content::PasswordReset { ticket } => Self {
                subject: format!("Choose another password for {app_name}"),
                paragraphs: vec![format!(
                    "Somebody asked for another password for your account {reader} at {app_name}. If that was you, choose \
                     one within {} minutes.",
                    TokenLifetimes::PASSWORD_RESET.whole_minutes()
                )],
                action: page("Choose another password", &format!("/auth/reset?token={ticket}")),
                closing: vec!["If it was not you, do nothing: your password stays as it is.".to_owned()],
                ..plain
            },
            Content::PasswordChanged => Self {
                subject: format!("Your password for {app_name} was changed"),
                paragraphs: vec![format!(
                    "The password of your account {reader} at {app_name} is another one now, and other sessions have ended."
                )],
                action: page("Have a look", "/"),
                closing: vec![
                    "If it was not you, say that you forgot your password where you sign in. A new password from there ends \
                     everything else that opens your account: API tokens, and accounts at providers that are linked with it."
                        .to_owned(),
                ],
                ..plain
            },
            Content::News { news, unsubscribe } => Self {
                subject: news.title.clone(),
                paragraphs: vec![news.title.clone() + ".", news.message.clone()],
                figures: figures(news),
                action: page("Have a look", "/"),
                stop: Some(unsubscribe_url(public_url, unsubscribe)),
                ..plain
            },
        }
    }
}

/// Where `ticket` stops emails.
pub(crate) fn unsubscribe_url(public_url: &str, ticket: &str) -> String {
    format!("{public_url}/api/v1/notifications/unsubscribe?token={ticket}")
}
