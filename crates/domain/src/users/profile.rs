//! Usernames, profiles and accounts.

use std::fmt;

use time::OffsetDateTime;

use crate::days::{LocalTime, Zone};
use crate::display::has_refused;
use crate::identity::Email;
use crate::ids::UserId;
use crate::text::{TextProblem, bounded};

/// Usernames that could be mistaken for something else.
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

/// A username: 3 to 30 of `A-Z a-z 0-9 _`. Case is kept and ignored in comparisons.
#[derive(Debug, Clone)]
pub struct Username(String);

impl Username {
    /// The fewest characters of a username.
    pub const SHORTEST: usize = 3;

    /// The most characters of a username.
    pub const LONGEST: usize = 30;

    /// The characters of a username, as a regular expression.
    pub const PATTERN: &str = "^[A-Za-z0-9_]+$";

    /// Takes a name for an account; reserved names are refused.
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

/// The region of the world, for boards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    Na,
    Eu,
    Apac,
    Sa,
    Af,
    Oce,
}

impl Region {
    pub const ALL: [Self; 6] = [Self::Na, Self::Eu, Self::Apac, Self::Sa, Self::Af, Self::Oce];

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

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The fields that a user fills in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// A display [`name`](crate::display::name) of up to 100 characters.
    pub name: Option<String>,
    /// A few sentences, [`paragraphs`](crate::display::paragraphs) of up to 500 characters.
    pub bio: Option<String>,
    /// A place, up to 100 characters, like a name.
    pub location: Option<String>,
    pub region: Option<Region>,
    pub website_url: Option<WebUrl>,
    pub image: Option<WebUrl>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct User {
    pub id: UserId,
    /// The name in addresses.
    pub username: Username,
    /// An account of an OAuth provider may have none.
    pub email: Option<Email>,
    /// Whether the owner has proved to receive email there.
    pub email_verified: bool,
    pub profile: Profile,
    /// Whether strangers may see its statistics.
    pub is_public: bool,
    /// Whether it may administer this instance.
    pub is_admin: bool,
    /// The zone in which its days are counted; `None` is UTC.
    pub zone: Option<Zone>,
    pub created_at: OffsetDateTime,
    /// When the profile last changed.
    pub updated_at: OffsetDateTime,
}

/// A change of a profile. The outer `None` keeps a field, the inner one clears it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProfileChange {
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
    /// The zone in which days are counted.
    pub zone: Option<Zone>,
}

impl User {
    /// The wall clock at `now` in the user's zone; in UTC if none is set.
    pub fn local_time(&self, now: OffsetDateTime) -> LocalTime {
        self.zone.clone().unwrap_or_else(Zone::utc).local(now)
    }

    /// Applies `change` except for the zone, which needs a recount of the history.
    pub fn apply(&mut self, change: ProfileChange, now: OffsetDateTime) {
        let ProfileChange { username, name, bio, location, region, website_url, image, is_public, zone: _ } = change;
        let profile = &mut self.profile;
        set(&mut self.username, username);
        set(&mut profile.name, name);
        set(&mut profile.bio, bio);
        set(&mut profile.location, location);
        set(&mut profile.region, region);
        set(&mut profile.website_url, website_url);
        set(&mut profile.image, image);
        set(&mut self.is_public, is_public);
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
    fn username_out_of_form_or_reserved_is_refused() {
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
    fn web_url_needs_http_and_host() {
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
    fn regions_round_trip_by_name() {
        assert_eq!(Region::parse("APAC"), Some(Region::Apac));
        assert_eq!(Region::parse("eu"), None);
        assert!(Region::ALL.iter().all(|region| Region::parse(region.name()) == Some(*region)));
    }
}
