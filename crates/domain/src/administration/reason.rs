//! The reason of a decision.

use crate::display::paragraphs;
use crate::text::TextProblem;

/// The reason of a decision: 1 to 500 characters, not blank, safe to show to other administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReason(String);

impl AuditReason {
    /// The most characters of a reason.
    pub const LONGEST: usize = 500;

    /// Takes a reason, which may have several lines, without the blanks around it.
    pub fn parse(text: &str) -> Result<Self, TextProblem> {
        if !text.is_empty() && text.trim().is_empty() {
            return Err(TextProblem::Value("must not be blank"));
        }
        Ok(Self(paragraphs(text.trim(), 1, Self::LONGEST)?.to_owned()))
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
    fn reason_blank_too_long_or_with_control_characters_is_refused() {
        for (text, is_one) in [
            ("x", true),
            ("two\nlines", true),
            ("  ", false),
            ("", false),
            ("a\0b", false),
            ("a\u{1b}[2Jb", false),
            ("a\u{202e}b", false),
        ] {
            assert_eq!(AuditReason::parse(text).is_ok(), is_one, "{text:?}");
        }
        assert_eq!(AuditReason::parse(" by contract ").as_ref().map(AuditReason::as_str), Ok("by contract"));
        assert!(AuditReason::parse(&"ü".repeat(500)).is_ok() && AuditReason::parse(&"ü".repeat(501)).is_err());
    }
}
