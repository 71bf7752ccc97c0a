//! E-mail addresses and passwords.

use std::fmt;

use crate::text::{TextProblem, bounded};
use crate::users::Username;

/// An e-mail address in lower case: one person has one, however it is typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Takes an address of up to 254 characters (RFC 5321) with one `@`, a dot-free-ended host and no spaces. Only a mail
    /// that arrives shows that an address exists, so nothing more is asked of its form.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        let text = bounded(text.trim(), 3, 254)?;
        let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control() || ",;<>()\"".contains(c));
        match text.split_once('@') {
            Some((local, host)) if plain && is_local(local) && is_host(host) => Ok(Self(text.to_lowercase())),
            _ => Err(TextProblem::Value("is not an e-mail address")),
        }
    }

    /// Takes an address that was checked before.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address as text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_local(local: &str) -> bool {
    (1..=64).contains(&local.chars().count())
}

fn is_host(host: &str) -> bool {
    !host.contains('@') && host.split('.').all(|label| !label.is_empty() && !label.starts_with('-'))
}

/// What somebody says they are called when they sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInName {
    /// Their address.
    Email(Email),
    /// Their username.
    Username(Username),
}

impl SignInName {
    /// What `text` says; `None` where it can be nobody's name.
    pub fn parse(text: &str) -> Option<Self> {
        let username = || Username::parse(text).ok().map(Self::Username);
        Email::parse(text).ok().map(Self::Email).or_else(username)
    }
}

/// A password as typed, 8 to 128 characters; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password for a new account.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        bounded(text, 8, 128).map(|text| Self(text.to_owned()))
    }

    /// Takes what somebody typed to sign in: whatever it is, only the right one fits.
    pub fn typed(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password in the clear, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password's hash in PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_and_kept_in_lower_case() {
        assert_eq!(Email::parse(" Ada@Example.ORG ").map(|e| e.as_str().to_owned()), Ok("ada@example.org".to_owned()));
        for good in ["a@b", "ada+burntop@mail.example.org", "ö@exämple.org"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["a@", "@b", "ab", "a b@c", "a@b@c", "a@b..c", "a@-b", "a@b.", "a,b@c", "<a@b>", "a\0@b.c", "a\n@b.c"]
        {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@b", "ö".repeat(64))).is_ok());
        assert!(Email::parse(&format!("{}@b", "a".repeat(65))).is_err());
        assert_eq!(Email::parse(&format!("a@{}", "b".repeat(260))), Err(TextProblem::TooLong(254)));
    }

    #[test]
    fn passwords_are_bounded_and_never_shown() {
        assert_eq!(Password::parse("1234567"), Err(TextProblem::TooShort(8)));
        assert_eq!(Password::parse(&"x".repeat(129)), Err(TextProblem::TooLong(128)));
        let password = Password::parse("correct horse").expect("a password");
        assert!(!format!("{password:?}").contains("horse"));
        assert_eq!(password.expose(), "correct horse");
        assert!(!format!("{:?}", PasswordHash("$argon2id$".into())).contains("argon"));
    }
}
