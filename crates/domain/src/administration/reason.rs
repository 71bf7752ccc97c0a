//! The reason of a decision.

/// The reason of a decision: 1 to 500 characters, not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReason(String);

impl AuditReason {
    /// The most characters of a reason.
    pub const LONGEST: usize = 500;

    /// Takes a trimmed reason; `None` if it is empty, too long, or contains a NUL.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=Self::LONGEST).contains(&text.chars().count()) && !text.contains('\0');
        fits.then(|| Self(text.to_owned()))
    }

    /// Takes a reason that was checked before, such as a stored one.
    pub fn trusted(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_blank_or_too_long_is_refused() {
        for (text, is_one) in [("x", true), ("  ", false), ("", false), ("a\0b", false)] {
            assert_eq!(AuditReason::parse(text).is_some(), is_one, "{text:?}");
        }
        assert_eq!(AuditReason::parse(" by contract ").as_ref().map(AuditReason::as_str), Some("by contract"));
        assert!(AuditReason::parse(&"ü".repeat(500)).is_some() && AuditReason::parse(&"ü".repeat(501)).is_none());
    }
}
