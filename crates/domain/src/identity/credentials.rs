//! The credentials of a sign-in with a password.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::email::Email;
use crate::text::{TextProblem, bounded};
use crate::users::Username;

/// The name that a user enters to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInName {
    Email(Email),
    Username(Username),
}

impl SignInName {
    /// Reads an address or a username; `None` if no account can have the name.
    pub fn parse(text: &str) -> Option<Self> {
        let username = || Username::parse(text).ok().map(Self::Username);
        Email::typed(text).map(Self::Email).or_else(username)
    }
}

/// A password of 8 to 128 characters; its `Debug` hides it. It is hashed in Unicode's normal form NFC, so that every keyboard
/// produces the same password.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    normalised: String,
    /// The entered text, where it is not in NFC.
    typed: Option<String>,
}

impl Password {
    /// The fewest characters of a password.
    pub const SHORTEST: usize = 8;

    /// The most characters of a password.
    pub const LONGEST: usize = 128;

    /// Takes the password of an account.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        let password = Self::typed(text);
        bounded(&password.normalised, Self::SHORTEST, Self::LONGEST)?;
        Ok(password)
    }

    /// Takes a password entered to sign in. No length is required: only the right one fits.
    pub fn typed(text: impl Into<String>) -> Self {
        let text = text.into();
        if is_nfc(&text) {
            return Self { normalised: text, typed: None };
        }
        Self { normalised: text.nfc().collect(), typed: Some(text) }
    }

    pub fn expose(&self) -> &str {
        &self.normalised
    }

    /// The texts that a stored hash can be of: the normal form, and the entered text, since older hashes were not normalised.
    /// Their number depends only on the input, so checking all of them takes the same time for every account.
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
    fn sign_in_name_with_at_sign_is_email() {
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
    fn password_composed_or_decomposed_is_same() {
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
    fn password_out_of_bounds_is_refused_and_debug_hides_it() {
        assert_eq!(Password::parse("1234567"), Err(TextProblem::TooShort(8)));
        assert_eq!(Password::parse(&"x".repeat(129)), Err(TextProblem::TooLong(128)));
        let password = Password::parse("correct horse").expect("a password");
        assert!(!format!("{password:?}").contains("horse"));
        assert_eq!(password.expose(), "correct horse");
        assert!(!format!("{:?}", PasswordHash("$argon2id$".into())).contains("argon"));
    }
}
