//! Calls that tools make without logging them. A bill is higher than what any reader can find, and says so here.

/// What the tool `source` does not log; `None` if its logs have every call, as far as is known.
pub(crate) fn unlogged_calls(source: &str) -> Option<&'static str> {
    Some(match source {
        "claude-code" => "titles of sessions, side calls of web searches, the classifier of automatic mode, compaction",
        "codex" => "sessions with --ephemeral, parallel reviews of the guardian",
        "amp" => "calls of sub-agents",
        "droid" | "vibe" => "single responses: only the total of a session is known",
        _ => return None,
    })
}
