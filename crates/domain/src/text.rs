//! What can be wrong with a text that a person typed.

/// Why a text is not a value of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextProblem {
    /// It has fewer characters than this.
    TooShort(usize),
    /// It has more characters than this.
    TooLong(usize),
    /// It does not look as described.
    Pattern(&'static str),
    /// It looks right and cannot be used, for this reason.
    Value(&'static str),
}

/// `text`, when it has `shortest` to `longest` characters and no NUL.
pub fn bounded(text: &str, shortest: usize, longest: usize) -> Result<&str, TextProblem> {
    let length = text.chars().count();
    if length < shortest {
        Err(TextProblem::TooShort(shortest))
    } else if length > longest {
        Err(TextProblem::TooLong(longest))
    } else if text.contains('\0') {
        Err(TextProblem::Value("must not contain NUL characters"))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(bounded("äöü", 3, 3), Ok("äöü"));
        assert_eq!(bounded("äö", 3, 3), Err(TextProblem::TooShort(3)));
        assert_eq!(bounded("äöüß", 3, 3), Err(TextProblem::TooLong(3)));
        assert!(matches!(bounded("a\0b", 1, 3), Err(TextProblem::Value(_))));
    }
}
