//! Accounts at identity providers, through which users sign in.

use std::fmt;

use time::OffsetDateTime;

use super::email::Email;
use crate::ids::UserId;
use crate::text::{TextProblem, bounded};
use crate::users::{Username, WebUrl};

/// The name of an identity provider, such as `github`. It is part of addresses and stored rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

impl ProviderName {
    /// Takes a name that the program knows.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account as the provider describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAccount {
    pub provider: ProviderName,
    /// The provider's permanent id of the account; the login can change.
    pub subject: String,
    /// The account's name at the provider.
    pub login: String,
    /// A display name of up to 100 characters.
    pub name: Option<String>,
    pub image: Option<WebUrl>,
    /// The primary address, if the provider has verified it.
    pub verified_email: Option<Email>,
    /// The organizations at the provider, if the operator limits accounts to some. Their names do not collide between providers:
    /// those of GitHub are bare, others begin with the provider's name and a colon.
    pub organizations: Vec<String>,
}

/// The link between an external account and an account of this instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalLink {
    pub user: UserId,
    pub provider: ProviderName,
    /// See [`ExternalAccount::subject`].
    pub subject: String,
    /// See [`ExternalAccount::login`].
    pub login: String,
    pub linked_at: OffsetDateTime,
}

/// An external account as its owner sees it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedAccount {
    pub provider: ProviderName,
    /// See [`ExternalAccount::login`]; as of the last sign-in through it.
    pub login: String,
    pub linked_at: OffsetDateTime,
    /// The last sign-in through it.
    pub last_used_at: OffsetDateTime,
}

impl ExternalAccount {
    pub fn link_to(&self, user: UserId, now: OffsetDateTime) -> ExternalLink {
        let Self { provider, subject, login, .. } = self.clone();
        ExternalLink { user, provider, subject, login, linked_at: now }
    }
}

/// The last suffix that counts up, from 2 on, and how many random suffixes follow.
const NUMBERED_TRIES: u32 = 9;
const RANDOM_TRIES: u32 = 6;

/// The candidates for the username of the external account `login`, best first: the login with `_` for each character that
/// usernames cannot have, then with the suffixes 2 to 9, then with longer numbers derived from `random`.
pub fn usernames(login: &str, random: u64) -> Vec<Username> {
    let clean: String =
        login.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(Username::LONGEST).collect();
    let clean = clean.trim_matches('_');
    let base = if clean.is_empty() { "user" } else { clean };
    let counted = (2..=NUMBERED_TRIES).map(|number| number.to_string());
    let drawn = (0..RANDOM_TRIES).map(|number| (random.rotate_right(number * 8) % 1_000_000_000).to_string());
    let named = |suffix: String| {
        Username::parse(&format!("{}{suffix}", &base[..base.len().min(Username::LONGEST - suffix.len())]))
    };
    [String::new()].into_iter().chain(counted).chain(drawn).map(named).filter_map(Result::ok).collect()
}

/// A provider's token that a client hands over: 1 to 8192 visible ASCII characters, since ID tokens list groups. It is used to ask the provider and then
/// forgotten.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// The most characters of a token.
    pub const LONGEST: usize = 8192;

    /// The characters of a token, as a regular expression.
    pub const PATTERN: &str = "^[!-~]+$";

    /// Takes a token that can be sent in a header.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        let text = bounded(text, 1, Self::LONGEST)?;
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TextProblem::Pattern(Self::PATTERN));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(login: &str) -> Vec<String> {
        usernames(login, 123_456_789_012).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn usernames_login_becomes_valid_username() {
        for (login, username) in [
            ("ada", "ada"),
            ("Ada-Lovelace", "Ada_Lovelace"),
            ("ada.l@ce", "ada_l_ce"),
            ("-ada-", "ada"),
            ("äda", "da2"),
            ("ab", "ab2"),
            ("x", "x456789012"),
            ("admin", "admin2"),
            ("Metrics", "Metrics2"),
            ("", "user"),
            ("\u{1F480}-\0", "user"),
            (&"x".repeat(39), &"x".repeat(30)),
        ] {
            assert_eq!(names(login)[0], username, "{login:?}");
        }
    }

    #[test]
    fn usernames_taken_login_gets_number() {
        assert_eq!(names("ada")[..4], ["ada", "ada2", "ada3", "ada4"]);
        let long = names(&"y".repeat(30));
        assert_eq!(long[1], format!("{}2", "y".repeat(29)));
        for login in ["ada", "", "admin", "a", &"y".repeat(30)] {
            let names = names(login);
            assert!(names.len() >= 6, "{login}: {names:?}");
            assert!(names.iter().all(|name| Username::parse(name).is_ok()), "{names:?}");
        }
        assert_ne!(usernames("ada", 1).last(), usernames("ada", 2).last(), "what is drawn differs");
    }

    #[test]
    fn access_token_fits_header_and_debug_hides_it() {
        assert!(AccessToken::parse("gho_16C7e42F292c6912E7710c838347Ae178B4a").is_ok());
        for bad in ["", "a b", "a\r\nX-Evil: 1", "ü", &"x".repeat(8193)] {
            assert!(AccessToken::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", AccessToken("gho_secret".to_owned())), "AccessToken(…)");
    }
}
