//! Other names that tools give to models the book knows.

/// (name, name in the book), both with the dots between single digits written as dashes; sorted by the first.
///
/// A line stands here only where the maker or the tool documents that both are one model: Anthropic's undated names, the
/// order of words in Cursor's and Copilot's lists (`claude-4.5-sonnet`), and previews that those lists call by their
/// final name. The `grok-code` of a gateway is not here: xAI does not use that name, and the gateway gave the model away.
pub const ALIASES: [(&str, &str); 23] = [
    ("claude-3-5-haiku", "claude-3-5-haiku-20241022"),
    ("claude-3-5-sonnet", "claude-3-5-sonnet-20241022"),
    ("claude-3-7-sonnet", "claude-3-7-sonnet-20250219"),
    ("claude-3-haiku", "claude-3-haiku-20240307"),
    ("claude-3-opus", "claude-3-opus-20240229"),
    ("claude-3-sonnet", "claude-3-sonnet-20240229"),
    ("claude-4-1-opus", "claude-opus-4-1"),
    ("claude-4-5-haiku", "claude-haiku-4-5"),
    ("claude-4-5-opus", "claude-opus-4-5"),
    ("claude-4-5-sonnet", "claude-sonnet-4-5"),
    ("claude-4-6-opus", "claude-opus-4-6"),
    ("claude-4-6-sonnet", "claude-sonnet-4-6"),
    ("claude-4-opus", "claude-opus-4-20250514"),
    ("claude-4-sonnet", "claude-sonnet-4-20250514"),
    ("claude-opus-4", "claude-opus-4-20250514"),
    ("claude-opus-4-0", "claude-opus-4-20250514"),
    ("claude-sonnet-3-5", "claude-3-5-sonnet-20241022"),
    ("claude-sonnet-3-7", "claude-3-7-sonnet-20250219"),
    ("claude-sonnet-4", "claude-sonnet-4-20250514"),
    ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
    ("gemini-3-1-pro", "gemini-3-1-pro-preview"),
    ("gemini-3-flash", "gemini-3-flash-preview"),
    ("gemini-3-pro", "gemini-3-pro-preview"),
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
