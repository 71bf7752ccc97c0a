//! `credentials.toml`: the server, the account and its token.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::api::ServerUrl;
use crate::failure::{Failure, FailureKind};
use crate::files;

/// A bearer token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Token(String);

impl Token {
    /// Takes the text of a token: visible ASCII characters, possibly within white space.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let is_token = !text.is_empty() && text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.to_owned())).ok_or_else(|| {
            Failure::new(FailureKind::Usage, "This is not a token: it must be one word of ASCII characters.")
        })
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) server: ServerUrl,
    pub(crate) user_id: String,
    pub(crate) username: String,
    pub(crate) token: Token,
    /// The id of the API token that `login` has issued, with which `logout` revokes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_id: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) signed_in_at: OffsetDateTime,
}

impl Credentials {
    /// The sign-in at `path`; `None` without one.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, Failure> {
        let Some(text) = files::read(path)? else { return Ok(None) };
        // The error of the parser would show the line with the token.
        toml::from_str(&text).map(Some).map_err(|_| {
            let message = format!("{} is damaged. Run `burntop login` again.", path.display());
            Failure::new(FailureKind::SignedOut, message)
        })
    }

    /// The sign-in at `path`; fails without one.
    pub(crate) fn require(path: &Path) -> Result<Self, Failure> {
        Self::load(path)?.ok_or_else(|| {
            Failure::new(
                FailureKind::SignedOut,
                "Not signed in. Run `burntop login URL` with the address of your server.",
            )
        })
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = toml::to_string(self)
            .map_err(|error| Failure::new(FailureKind::Local, format!("the credentials cannot be written: {error}")))?;
        files::replace(path, text.as_bytes())
    }

    /// The account on its server: what was delivered to one is not delivered to another.
    pub(crate) fn destination(&self) -> String {
        format!("{} {}", self.server, self.user_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn credentials() -> Credentials {
        Credentials {
            server: ServerUrl::parse("https://burntop.example.org").expect("an address"),
            user_id: "u1".to_owned(),
            username: "ada".to_owned(),
            token: Token::parse("t_secret").expect("a token"),
            token_id: None,
            signed_in_at: datetime!(2026-11-30 12:00 UTC),
        }
    }

    #[test]
    fn credentials_survive_file_and_are_hidden_in_debug() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("credentials.toml");
        assert_eq!(Credentials::load(&path), Ok(None));
        assert_eq!(Credentials::require(&path).expect_err("no sign-in").kind, FailureKind::SignedOut);
        let with_id = Credentials { token_id: Some("id".to_owned()), ..credentials() };
        for written in [credentials(), with_id] {
            written.save(&path).expect("written");
            assert_eq!(Credentials::load(&path), Ok(Some(written)));
        }
        assert!(!format!("{:?}", credentials()).contains("secret"));
    }

    #[test]
    fn damaged_credentials_are_not_shown() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("credentials.toml");
        files::replace(&path, b"token = \"t_secret\" oops").expect("written");
        let failure = Credentials::load(&path).expect_err("damaged");
        assert_eq!(failure.kind, FailureKind::SignedOut);
        assert!(!failure.to_string().contains("secret"), "{failure}");
    }

    #[test]
    fn token_is_one_word() {
        assert_eq!(Token::parse(" t_abc\n").map(|token| token.expose().to_owned()).as_deref(), Ok("t_abc"));
        for text in ["", " \n", "two words", "tö", "a\r\nb"] {
            assert!(Token::parse(text).is_err(), "{text:?}");
        }
    }
}
