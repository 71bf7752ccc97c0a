//! Corrects known faults of message ids.

/// A fault of a client that gives one message several ids.
struct Quirk {
    /// The form of such an id, as documentation.
    #[cfg_attr(not(test), expect(dead_code, reason = "documents the table"))]
    form: &'static str,
    /// The stable part of such an id; `None` for any other id.
    stable: fn(&str) -> Option<&str>,
}

const QUIRKS: &[Quirk] = &[Quirk { form: "codex-<session>-<line>-<13-digit millis>", stable: without_sync_time }];

/// The part of `id` that is the same at every sync.
pub(super) fn stable_id(id: &str) -> &str {
    QUIRKS.iter().find_map(|quirk| (quirk.stable)(id)).unwrap_or(id)
}

/// The last part is the time of the sync, not of the message.
fn without_sync_time(id: &str) -> Option<&str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (stable, millis) = id.strip_prefix("codex-").and(id.rsplit_once('-'))?;
    let (session, line) = stable["codex-".len().min(stable.len())..].rsplit_once('-')?;
    (millis.len() == 13 && digits(millis) && digits(line) && !session.is_empty()).then_some(stable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirks_keep_stable_part_of_id() {
        for (id, stable) in [
            ("codex-0199a1b2-77aa-12-1763812345678", "codex-0199a1b2-77aa-12"),
            ("codex-s-1-1763812345678", "codex-s-1"),
            ("codex-s-1-176381234567", "codex-s-1-176381234567"),
            ("codex-s-1-17638123456789", "codex-s-1-17638123456789"),
            ("codex-s-x-1763812345678", "codex-s-x-1763812345678"),
            ("codex--1-1763812345678", "codex--1-1763812345678"),
            ("codex-1-1763812345678", "codex-1-1763812345678"),
            ("codex-1763812345678", "codex-1763812345678"),
            ("codex-", "codex-"),
            ("claude-s-1-1763812345678", "claude-s-1-1763812345678"),
            ("resp_1", "resp_1"),
            ("", ""),
        ] {
            assert_eq!(stable_id(id), stable, "{id}");
        }
        assert!(QUIRKS.iter().all(|quirk| !quirk.form.is_empty()));
    }
}
