//! E-mail addresses.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use crate::display::has_refused;
use crate::text::{TextProblem, bounded};

const NO_ADDRESS: TextProblem = TextProblem::Value("is not a valid email address");

/// Characters of a local part besides letters and digits (`atext` of RFC 5322).
const SYMBOLS: &str = "!#$%&'*+-/=?^_`{|}~";

/// The most bytes of a local part (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;

/// An email address in lower case, with its domain in ASCII (IDNA): all spellings of an address are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// The fewest characters of an address.
    pub const SHORTEST: usize = 3;

    /// The most characters of an address (RFC 5321).
    pub const LONGEST: usize = 254;

    /// Takes an address of up to 254 characters (RFC 5321): a local part without quotes, which may contain characters beyond
    /// ASCII (RFC 6531), and a domain name. Whether the address exists is not checked.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        let text = bounded(text.trim(), Self::SHORTEST, Self::LONGEST)?;
        let (local, host) = text.rsplit_once('@').ok_or(NO_ADDRESS)?;
        let local: String = local.to_lowercase().nfc().collect();
        let host = ascii_host(host).ok_or(NO_ADDRESS)?;
        if !is_local(&local) || has_refused(text) {
            return Err(NO_ADDRESS);
        }
        let address = format!("{local}@{host}");
        bounded(&address, Self::SHORTEST, Self::LONGEST)?;
        Ok(Self(address))
    }

    /// Reads an address entered to sign in. It accepts addresses that [`parse`](Self::parse) now refuses, since older accounts
    /// may have one. `None` without `@`.
    pub(super) fn typed(text: &str) -> Option<Self> {
        Self::parse(text).ok().or_else(|| text.contains('@').then(|| Self(text.trim().to_lowercase())))
    }

    /// Takes an address that was checked before.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Takes a stored address, whose domain may not be in ASCII: see [`spellings`](Self::spellings).
    pub fn stored(text: String) -> Self {
        match text.rsplit_once('@') {
            Some((local, host)) if !host.is_ascii() => {
                ascii_host(host).map_or_else(|| Self(text.clone()), |host| Self(format!("{local}@{host}")))
            }
            _ => Self(text),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The forms in which the address may be stored: itself, and with its domain beyond ASCII, as older versions stored it.
    pub fn spellings(&self) -> Vec<String> {
        let once = self.0.rsplit_once('@').filter(|(_, host)| host.contains("xn--")).and_then(|(local, host)| {
            let (host, made) = Uts46::new().to_unicode(host.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
            made.ok().map(|()| format!("{local}@{host}"))
        });
        [self.0.clone()].into_iter().chain(once).collect()
    }
}

/// Whether `local` is a dot-atom: words of letters, digits and symbols with single dots between them.
fn is_local(local: &str) -> bool {
    let is_word_character = |c: char| c.is_ascii_alphanumeric() || SYMBOLS.contains(c) || is_letter_beyond_ascii(c);
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_word_character);
    local.len() <= LONGEST_LOCAL && local.split('.').all(is_word)
}

fn is_letter_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace()
}

/// The DNS form of `host`: labels of letters, digits and inner hyphens. The last label is not a number, which excludes IPv4
/// addresses.
fn ascii_host(host: &str) -> Option<String> {
    let checked =
        Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
    let host = checked.ok()?;
    let last = host.rsplit('.').next()?;
    (!last.bytes().all(|byte| byte.is_ascii_digit())).then(|| host.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn email_is_stored_lower_case_with_ascii_domain() {
        for (typed, kept) in [
            (" Ada@Example.ORG ", "ada@example.org"),
            ("a@b", "a@b"),
            ("ada+burntop@mail.example.org", "ada+burntop@mail.example.org"),
            ("o'brien!#$%&*/=?^_`{|}~-@example.org", "o'brien!#$%&*/=?^_`{|}~-@example.org"),
            ("Ö@EXÄMPLE.org", "ö@xn--exmple-cua.org"),
            ("ö@xn--exmple-cua.org", "ö@xn--exmple-cua.org"),
            ("o\u{308}@exa\u{308}mple.org", "ö@xn--exmple-cua.org"),
            ("ada@ｅｘａｍｐｌｅ.org", "ada@example.org"),
            ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
            ("ada@r3---sn.example.org", "ada@r3---sn.example.org"),
        ] {
            assert_eq!(Email::parse(typed).map(|email| email.0), Ok(kept.to_owned()), "{typed}");
        }
    }

    #[test]
    fn email_undeliverable_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        let long_in_bytes = format!("{}@example.org", "ö".repeat(33));
        let long_label = format!("a@{}.org", "b".repeat(64));
        for bad in [
            "abc@",
            "@bcd",
            "abc",
            "a b@c",
            "a@b@c",
            "john..doe@example.org",
            ".john@example.org",
            "john.@example.org",
            "\"john\"@example.org",
            "a,b@c",
            "<a@b>",
            "a(b)@c",
            "a:b@c",
            "a\\b@c",
            "a[b]@c",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@127.0.0.1",
            "a@b.1",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a@-b",
            "a@b-",
            "a@example.org-",
            "a@b-.org",
            "a@b_c.org",
            "a@b c.org",
            "a@b/c",
            "a@xn--\u{e4}.org",
            "a@xn--a.org",
            "a@exa\u{202E}mple.org",
            "a\u{202E}b@example.org",
            "a\u{200B}b@example.org",
            "a\u{AD}b@example.org",
            "a@exa\u{AD}mple.org",
            "a\u{A0}b@example.org",
            "a\u{3000}b@example.org",
            "a\0@b.c",
            "a\n@b.c",
            &long,
            &long_in_bytes,
            &long_label,
        ] {
            assert!(matches!(Email::parse(bad), Err(TextProblem::Value(_))), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@b", "ö".repeat(32))).is_ok());
        assert!(Email::parse(&format!("{}@b", "a".repeat(64))).is_ok());
        assert_eq!(Email::parse(&format!("a@{}", "b".repeat(260))), Err(TextProblem::TooLong(254)));
        assert_eq!(Email::parse("@b"), Err(TextProblem::TooShort(3)));
    }

    #[test]
    fn email_stored_by_older_version_is_equal() {
        let email = Email::parse("ada@exämple.org").expect("an address");
        assert_eq!(email.spellings(), ["ada@xn--exmple-cua.org", "ada@exämple.org"]);
        assert_eq!(Email::stored("ada@exämple.org".to_owned()), email);
        for plain in ["ada@example.org", "john..doe@example.org", "ada@_", "ada@ä_"] {
            assert_eq!(Email::stored(plain.to_owned()).as_str(), plain);
            assert_eq!(Email::trusted(plain).spellings(), [plain]);
        }
    }

    #[test]
    fn email_typed_accepts_address_now_refused() {
        for (typed, email) in [
            (" John..Doe@Example.org", Some("john..doe@example.org")),
            ("ada@EXÄMPLE.org", Some("ada@xn--exmple-cua.org")),
            ("ada", None),
        ] {
            assert_eq!(Email::typed(typed).as_ref().map(Email::as_str), email);
        }
    }
}
