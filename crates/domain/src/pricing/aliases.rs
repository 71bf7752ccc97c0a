//! Other names that tools give to models the book knows.

/// (name, name in the book), both in the one spelling of [`Step::Written`](super::names::Step::Written); sorted by the first.
///
/// A line stands here only where the maker or the tool documents that both are one model: Anthropic's undated names, the
/// second Claude 3.5 Sonnet as Vertex calls it, xAI's undecorated names (which reason), and previews that Cursor's and Copilot's
/// lists call by their final name. The `grok-code` of a gateway is not here: xAI does not use that name, and the gateway gave
/// the model away.
pub const ALIASES: [(&str, &str); 15] = [
    ("claude-haiku-3", "claude-haiku-3-20240307"),
    ("claude-haiku-3-5", "claude-haiku-3-5-20241022"),
    ("claude-opus-3", "claude-opus-3-20240229"),
    ("claude-opus-4", "claude-opus-4-20250514"),
    ("claude-opus-4-0", "claude-opus-4-20250514"),
    ("claude-sonnet-3", "claude-sonnet-3-20240229"),
    ("claude-sonnet-3-5", "claude-sonnet-3-5-20241022"),
    ("claude-sonnet-3-5-v2", "claude-sonnet-3-5-20241022"),
    ("claude-sonnet-3-7", "claude-sonnet-3-7-20250219"),
    ("claude-sonnet-4", "claude-sonnet-4-20250514"),
    ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
    ("gemini-3-1-pro", "gemini-3-1-pro-preview"),
    ("gemini-3-flash", "gemini-3-flash-preview"),
    ("gemini-3-pro", "gemini-3-pro-preview"),
    ("grok-4-fast", "grok-4-fast-reasoning"),
];

/// The book's name for the model that some tool calls `name`; `None` where the table has none.
pub fn alias(name: &str) -> Option<&'static str> {
    let found = ALIASES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    ALIASES.get(found).map(|(_, model)| *model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_every_alias_is_found() {
        assert!(ALIASES.is_sorted());
        for (name, model) in ALIASES {
            assert_eq!(alias(name), Some(model));
            assert_eq!(alias(model), None, "an alias leads to a name, not to an alias");
        }
        assert_eq!(alias("claude-4"), None);
    }
}
