//! Usernames, and what people say about themselves.

use std::fmt;

use time::OffsetDateTime;

use crate::days::Zone;
use crate::display::has_refused;
use crate::identity::Email;
use crate::ids::UserId;
use crate::text::{TextProblem, bounded};

/// Usernames that would be mistaken for something else.
const RESERVED: &[&str] = &[
    "me",
    "admin",
    "administrator",
    "api",
    "demo",
    "refresh",
    "seasons",
    "auth",
    "docs",
    "health",
    "metrics",
    "root",
    "support",
    "system",
    "burntop",
];

/// A username: 3 to 30 of `A-Z a-z 0-9 _`. Two that differ only by case are the same; it is shown as it was typed.
#[derive(Debug, Clone)]
pub struct Username(String);

impl Username {
    /// The fewest characters of a username.
    pub const SHORTEST: usize = 3;

    /// The most characters of a username.
    pub const LONGEST: usize = 30;

    /// The characters of a username, as a regular expression.
    pub const PATTERN: &str = "^[A-Za-z0-9_]+$";

    /// Takes a username for a new name.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        let text = bounded(text, Self::SHORTEST, Self::LONGEST)?;
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(TextProblem::Pattern(Self::PATTERN));
        }
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(text)) {
            return Err(TextProblem::Value("is reserved"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes a username that was checked before.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The username as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Username {}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part of the world a person plays in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// North America.
    Na,
    /// Europe.
    Eu,
    /// Asia and the Pacific.
    Apac,
    /// South America.
    Sa,
    /// Africa.
    Af,
    /// Oceania.
    Oce,
}

impl Region {
    /// All regions.
    pub const ALL: [Self; 6] = [Self::Na, Self::Eu, Self::Apac, Self::Sa, Self::Af, Self::Oce];

    /// The region's name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Na => "NA",
            Self::Eu => "EU",
            Self::Apac => "APAC",
            Self::Sa => "SA",
            Self::Af => "AF",
            Self::Oce => "OCE",
        }
    }

    /// The region with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.name() == name)
    }
}

/// An `http` or `https` address of up to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// The most characters of an address.
    pub const LONGEST: usize = 500;

    /// Takes an address with a host and without spaces, control or format characters.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        let text = bounded(text, 1, Self::LONGEST)?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let clean = !text.contains(char::is_whitespace) && !has_refused(text);
        match rest {
            Some(rest) if clean && !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(TextProblem::Pattern("^https?://")),
        }
    }

    /// Takes an address that was checked before.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What people say about themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// A [`name`](crate::display::name) to show, up to 100 characters.
    pub name: Option<String>,
    /// A few sentences, [`paragraphs`](crate::display::paragraphs) of up to 500 characters.
    pub bio: Option<String>,
    /// A place, up to 100 characters, like a name.
    pub location: Option<String>,
    /// The part of the world.
    pub region: Option<Region>,
    /// A web site.
    pub website_url: Option<WebUrl>,
    /// A picture.
    pub image: Option<WebUrl>,
}

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Names it for good.
    pub id: UserId,
    /// Its name in addresses.
    pub username: Username,
    /// Its e-mail address; an OAuth account may have none.
    pub email: Option<Email>,
    /// Whether the address was shown to be its owner's.
    pub email_verified: bool,
    /// What its owner says.
    pub profile: Profile,
    /// Whether strangers may see its statistics.
    pub is_public: bool,
    /// Whether it may administer this instance.
    pub is_admin: bool,
    /// The zone its days are counted in; `None` counts as UTC.
    pub zone: Option<Zone>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When its profile last changed.
    pub updated_at: OffsetDateTime,
}

/// A change of a profile; the outer `None` leaves a field as it is, the inner one clears it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProfileChange {
    /// A new username.
    pub username: Option<Username>,
    /// See [`Profile::name`].
    pub name: Option<Option<String>>,
    /// See [`Profile::bio`].
    pub bio: Option<Option<String>>,
    /// See [`Profile::location`].
    pub location: Option<Option<String>>,
    /// See [`Profile::region`].
    pub region: Option<Option<Region>>,
    /// See [`Profile::website_url`].
    pub website_url: Option<Option<WebUrl>>,
    /// See [`Profile::image`].
    pub image: Option<Option<WebUrl>>,
    /// Whether strangers may see the statistics.
    pub is_public: Option<bool>,
    /// The zone days are counted in.
    pub zone: Option<Zone>,
}

impl User {
    /// Applies `change` to everything but the zone, which moves the history with it.
    pub fn apply(&mut self, change: ProfileChange, now: OffsetDateTime) {
        let profile = &mut self.profile;
        set(&mut self.username, change.username);
        set(&mut profile.name, change.name);
        set(&mut profile.bio, change.bio);
        set(&mut profile.location, change.location);
        set(&mut profile.region, change.region);
        set(&mut profile.website_url, change.website_url);
        set(&mut profile.image, change.image);
        set(&mut self.is_public, change.is_public);
        self.updated_at = now;
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_short_plain_and_not_reserved() {
        for good in ["abc", "A_1", &"x".repeat(30), "meme"] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("ab", TextProblem::TooShort(3)),
            (&*"x".repeat(31), TextProblem::TooLong(30)),
            ("a-b", TextProblem::Pattern("^[A-Za-z0-9_]+$")),
            ("ärger", TextProblem::Pattern("^[A-Za-z0-9_]+$")),
            ("Admin", TextProblem::Value("is reserved")),
            ("HEALTH", TextProblem::Value("is reserved")),
        ] {
            assert_eq!(Username::parse(bad).err(), Some(why), "{bad}");
        }
        assert_eq!(Username::trusted("Ada"), Username::trusted("aDA"));
    }

    #[test]
    fn addresses_are_http_and_have_a_host() {
        for good in ["https://example.org", "http://localhost:3000/a?b#c"] {
            assert!(WebUrl::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "javascript:alert(1)", "https://", "http:///x", "https://a b", "ftp://example.org", "https://a\n"]
        {
            assert!(WebUrl::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn regions_are_known_by_their_names() {
        assert_eq!(Region::parse("APAC"), Some(Region::Apac));
        assert_eq!(Region::parse("eu"), None);
        assert!(Region::ALL.iter().all(|region| Region::parse(region.name()) == Some(*region)));
    }
}
