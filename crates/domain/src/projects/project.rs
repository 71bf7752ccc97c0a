//! A project and its parts.

use std::fmt;

use time::OffsetDateTime;

use crate::display;
use crate::ids::ProjectId;
use crate::text::TextProblem;
use crate::users::WebUrl;

/// The most projects of an account.
pub const MOST_PROJECTS: u32 = 20;

/// The title of a project: one line of 1 to 100 characters that is safe to show to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// The longest title, in characters.
    pub const LONGEST: usize = 100;

    /// Fails if `text` is empty, too long, or has control or formatting characters.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        Ok(Self(display::name(text, 1, Self::LONGEST)?.to_owned()))
    }

    /// Takes a title that was checked before.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// The description of a project: up to 500 characters, line breaks included, that are safe to show to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// The longest description, in characters.
    pub const LONGEST: usize = 500;

    /// Fails if `text` is too long, or has control or formatting characters other than line breaks.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        Ok(Self(display::paragraphs(text, 0, Self::LONGEST)?.to_owned()))
    }

    /// Takes a description that was checked before.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text!(Title, Description);

/// The fields that the owner fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectDetails {
    /// Clients show the address of a project without a title.
    pub title: Option<Title>,
    pub description: Option<Description>,
    pub url: WebUrl,
    /// Whether it is listed before projects that are not featured.
    pub is_featured: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub id: ProjectId,
    pub details: ProjectDetails,
    pub created_at: OffsetDateTime,
    /// When the details last changed.
    pub updated_at: OffsetDateTime,
}

/// New values for some details; `None` keeps the old one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectChange {
    /// See [`ProjectDetails::title`]; `Some(None)` clears it.
    pub title: Option<Option<Title>>,
    /// See [`ProjectDetails::description`]; `Some(None)` clears it.
    pub description: Option<Option<Description>>,
    /// See [`ProjectDetails::url`].
    pub url: Option<WebUrl>,
    /// See [`ProjectDetails::is_featured`].
    pub is_featured: Option<bool>,
}

impl Project {
    /// Applies `change` at `now`. A change without a new value keeps `updated_at`.
    pub(super) fn apply(&mut self, change: ProjectChange, now: OffsetDateTime) {
        let before = self.details.clone();
        let ProjectChange { title, description, url, is_featured } = change;
        let details = &mut self.details;
        details.title = title.unwrap_or_else(|| before.title.clone());
        details.description = description.unwrap_or_else(|| before.description.clone());
        details.url = url.unwrap_or_else(|| before.url.clone());
        details.is_featured = is_featured.unwrap_or(before.is_featured);
        if *details != before {
            self.updated_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_is_one_line_of_up_to_100_characters() {
        let longest = "é".repeat(100);
        for good in ["burntop", "x", longest.as_str()] {
            assert_eq!(Title::parse(good).as_ref().map(Title::as_str), Ok(good));
        }
        let too_long = "x".repeat(101);
        for bad in ["", "two\nlines", "hidden\u{202E}", too_long.as_str()] {
            assert!(Title::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn description_has_lines_and_up_to_500_characters() {
        let longest = "é".repeat(500);
        for good in ["", "one\ntwo", longest.as_str()] {
            assert_eq!(Description::parse(good).as_ref().map(Description::as_str), Ok(good));
        }
        for bad in ["x".repeat(501), "hidden\u{202E}".to_owned(), "\0".to_owned()] {
            assert!(Description::parse(&bad).is_err(), "{bad:?}");
        }
    }
}
