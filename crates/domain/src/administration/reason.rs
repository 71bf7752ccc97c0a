//! Why somebody decided something.

/// Why somebody decided something: 1 to 500 characters, not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The most characters of a reason.
    pub const LONGEST: usize = 500;

    /// Takes a reason without the blanks around it; `None` where nothing is left, it is too long, or it has a NUL.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=Self::LONGEST).contains(&text.chars().count()) && !text.contains('\0');
        fits.then(|| Self(text.to_owned()))
    }

    /// Takes a reason that was checked before, such as one read back from the database.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something() {
        for (text, is_one) in [("x", true), ("  ", false), ("", false), ("a\0b", false)] {
            assert_eq!(Reason::parse(text).is_some(), is_one, "{text:?}");
        }
        assert_eq!(Reason::parse(" by contract ").as_ref().map(Reason::as_str), Some("by contract"));
        assert!(Reason::parse(&"ü".repeat(500)).is_some() && Reason::parse(&"ü".repeat(501)).is_none());
    }
}
