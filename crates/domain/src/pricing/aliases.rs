//! Aliases: names that tools give to models the book lists under another name.

/// (name, name in the book), both in the spelling of [`NameStep::Written`](super::names::NameStep::Written); sorted by the first.
///
/// A line needs documentation by the maker or the tool that both are one model: Anthropic's undated names, Vertex's name of the
/// second Claude 3.5 Sonnet, xAI's undecorated names (which reason), and previews that Cursor and Copilot list by their final
/// name. The `grok-code` of a gateway is missing: xAI does not use that name, and the gateway gave the model away.
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

/// The book's name for the model that a tool calls `name`.
pub fn alias(name: &str) -> Option<&'static str> {
    let found = ALIASES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    ALIASES.get(found).map(|(_, model)| *model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_sorted_and_found() {
        assert!(ALIASES.is_sorted());
        for (name, model) in ALIASES {
            assert_eq!(alias(name), Some(model));
            assert_eq!(alias(model), None, "an alias leads to a name, not to an alias");
        }
        assert_eq!(alias("claude-4"), None);
    }
}
