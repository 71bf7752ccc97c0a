//! What somebody signs in with: a name and a password.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::email::Email;
use crate::text::{TextProblem, bounded};
use crate::users::Username;

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
        Email::typed(text).map(Self::Email).or_else(username)
    }
}

/// A password, 8 to 128 characters; never shown. It is hashed in the normal form NFC of Unicode, so that it is the same from
/// every keyboard.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    normalised: String,
    /// As it was typed, where that is something else.
    typed: Option<String>,
}

impl Password {
    /// The fewest characters of a password.
    pub const SHORTEST: usize = 8;

    /// The most characters of a password.
    pub const LONGEST: usize = 128;

    /// Takes a password for an account.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        let password = Self::typed(text);
        bounded(&password.normalised, Self::SHORTEST, Self::LONGEST)?;
        Ok(password)
    }

    /// Takes what somebody typed to sign in: whatever it is, only the right one fits.
    pub fn typed(text: impl Into<String>) -> Self {
        let text = text.into();
        if is_nfc(&text) {
            return Self { normalised: text, typed: None };
        }
        Self { normalised: text.nfc().collect(), typed: Some(text) }
    }

    /// The password in the clear, for hashing.
    pub fn expose(&self) -> &str {
        &self.normalised
    }

    /// What a stored hash may be of: the password, and how it was typed, as it once was hashed. How many there are depends on
    /// what was typed alone, so whoever tries all of them takes the same time for every account.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        [self.normalised.as_str()].into_iter().chain(self.typed.as_deref())
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
    fn name_with_an_at_sign_is_an_address_and_others_are_usernames() {
        let email = |text: &str| Some(SignInName::Email(Email::trusted(text)));
        for (typed, name) in [
            ("Ada@Example.org", email("ada@example.org")),
            ("john..doe@example.org", email("john..doe@example.org")),
            ("Ada", Some(SignInName::Username(Username::trusted("ada")))),
            ("no name at all", None),
            ("", None),
        ] {
            assert_eq!(SignInName::parse(typed), name, "{typed}");
        }
    }

    #[test]
    fn password_is_the_same_however_its_characters_are_composed() {
        let (composed, decomposed) = ("pässwörter", "pa\u{308}sswo\u{308}rter");
        let password = Password::parse(decomposed).expect("a password");
        assert_eq!(password.expose(), composed);
        assert_eq!(password.spellings().collect::<Vec<_>>(), [composed, decomposed]);
        assert_eq!(Password::typed(composed).spellings().collect::<Vec<_>>(), [composed]);
        let short = "a\u{308}".repeat(7);
        assert_eq!(Password::parse(&short), Err(TextProblem::TooShort(8)), "characters count once they are composed");
        assert!(Password::parse(&"a\u{308}".repeat(128)).is_ok());
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
