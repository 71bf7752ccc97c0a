//! The names in a message: tool, model, machine and project. Cheap to copy: a batch shares one string.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::display::{cleaned_name, has_refused};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $longest:literal, $fold:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The most characters.
            pub const LONGEST: usize = $longest;

            /// Takes a name of 1 to [`LONGEST`](Self::LONGEST) characters without NUL; `None` for any other. Characters that
            /// cannot be displayed safely are removed: refusing a name from a log would block a whole history.
            pub fn parse(text: &str) -> Option<Self> {
                let fits = (1..=Self::LONGEST).contains(&text.chars().count()) && !text.contains('\0');
                let shown = if has_refused(text) { cleaned_name(text, Self::LONGEST).into() } else { Cow::Borrowed(text) };
                (fits && !shown.trim().is_empty()).then(|| Self::trusted($fold(&shown)))
            }

            /// Takes a name that was checked before, such as a stored one.
            pub fn trusted(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The tool of a message (`claude-code`), in lower case.
    Source, 50, str::to_lowercase
}
name! {
    /// The model of a message as the tool logged it, in lower case.
    ModelName, 200, str::to_lowercase
}
name! {
    /// The provider of the model (`anthropic`, `vertex_ai`), in lower case. Only some clients know it.
    Provider, 100, str::to_lowercase
}
name! {
    /// A machine of an account, as its client names it.
    MachineId, 50, str::to_owned
}
name! {
    /// A project of an account: the name or the hash that its client sends, if its user wants that.
    ProjectName, 200, str::to_owned
}

impl MachineId {
    /// The machine of clients that name none.
    pub fn unnamed() -> Self {
        Self::trusted("default")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_folded() {
        assert_eq!(Source::parse("Claude-Code").map(|s| s.to_string()).as_deref(), Some("claude-code"));
        assert_eq!(MachineId::parse("MacBook").map(|m| m.to_string()).as_deref(), Some("MacBook"));
        assert!(Source::parse("").is_none());
        assert!(Source::parse(&"x".repeat(51)).is_none());
        assert!(ModelName::parse(&"ü".repeat(200)).is_some());
        assert!(ModelName::parse("gpt\0").is_none());
        for (name, text, expected) in [
            ("escape sequence", "gpt-5\u{1b}[1m", Some("gpt-5[1m")),
            ("line break and bidirectional control", "a\u{202e}b\nc", Some("ab c")),
            ("only invisible", "\u{200b}\u{202e}", None),
            ("only spaces", "  ", None),
        ] {
            assert_eq!(ModelName::parse(text).as_ref().map(ModelName::as_str), expected, "{name}");
        }
    }
}
