//! Accounts at other services, through which people sign in here.

use std::fmt;

use time::OffsetDateTime;

use super::email::Email;
use crate::ids::UserId;
use crate::text::{TextProblem, bounded};
use crate::users::{Username, WebUrl};

/// The name of a service that vouches for people, such as `github`: it stands in addresses and in the database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

impl ProviderName {
    /// Takes a name that the program knows.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a provider says about one of its accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAccount {
    /// Who says so.
    pub provider: ProviderName,
    /// Names the account at the provider for good, whatever its login becomes.
    pub subject: String,
    /// What its owner is called there.
    pub login: String,
    /// A name to show, up to 100 characters.
    pub name: Option<String>,
    /// A picture.
    pub image: Option<WebUrl>,
    /// The main address, where the provider has seen that it is the owner's.
    pub verified_email: Option<Email>,
}

/// An external account that belongs to one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalLink {
    /// Whose it is here.
    pub user: UserId,
    /// The provider.
    pub provider: ProviderName,
    /// See [`ExternalAccount::subject`].
    pub subject: String,
    /// See [`ExternalAccount::login`].
    pub login: String,
    /// When the two were linked.
    pub linked_at: OffsetDateTime,
}

/// An external account as its owner sees it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedAccount {
    /// The provider.
    pub provider: ProviderName,
    /// See [`ExternalAccount::login`]; as of the last sign-in through it.
    pub login: String,
    /// When the two were linked.
    pub linked_at: OffsetDateTime,
    /// When somebody last signed in through it.
    pub last_used_at: OffsetDateTime,
}

impl ExternalAccount {
    /// The link to `user`, made at `now`.
    pub fn link_to(&self, user: UserId, now: OffsetDateTime) -> ExternalLink {
        let Self { provider, subject, login, .. } = self.clone();
        ExternalLink { user, provider, subject, login, linked_at: now }
    }
}

/// How many usernames are tried with a suffix that counts up, and how many with one that is drawn.
const COUNTED: u32 = 9;
const DRAWN: u32 = 6;

/// The usernames somebody called `login` elsewhere may get, the best first: the login with every sign that we do not have
/// as `_`, then with 2 to 9 behind it, then with more digits of `random`.
pub fn usernames(login: &str, random: u64) -> Vec<Username> {
    let clean: String =
        login.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(Username::LONGEST).collect();
    let clean = clean.trim_matches('_');
    let base = if clean.is_empty() { "user" } else { clean };
    let counted = (2..=COUNTED).map(|number| number.to_string());
    let drawn = (0..DRAWN).map(|number| (random.rotate_right(number * 8) % 1_000_000_000).to_string());
    let named = |suffix: String| {
        Username::parse(&format!("{}{suffix}", &base[..base.len().min(Username::LONGEST - suffix.len())]))
    };
    [String::new()].into_iter().chain(counted).chain(drawn).map(named).filter_map(Result::ok).collect()
}

/// A token that a provider gave to one of its applications, as somebody hands it over: 1 to 2048 visible ASCII characters.
/// Used to ask the provider and then forgotten.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// The most characters of a token.
    pub const LONGEST: usize = 2048;

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

    /// The token in the clear.
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
    fn a_login_becomes_a_username_by_our_rules() {
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
    fn the_next_names_have_a_number_and_all_of_them_are_usernames() {
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
    fn a_token_fits_into_a_header_and_is_never_shown() {
        assert!(AccessToken::parse("gho_16C7e42F292c6912E7710c838347Ae178B4a").is_ok());
        for bad in ["", "a b", "a\r\nX-Evil: 1", "ü", &"x".repeat(2049)] {
            assert!(AccessToken::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", AccessToken("gho_secret".to_owned())), "AccessToken(…)");
    }
}
