//! The version of the programs: the release, the commit and the commit's date.

use std::sync::LazyLock;

use time::OffsetDateTime;

/// The release, such as `0.1.0`.
pub const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// The full hash of the commit; empty if the build did not know it. `build.rs` sets it.
pub const COMMIT: &str = env!("COMMIT");

/// The version as `--version` prints it, such as `0.1.0 (1a2b3c4 2026-11-30)`.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| describe(RELEASE, COMMIT, env!("COMMIT_TIME")));
    &VERSION
}

/// `time` is the commit's time in seconds since 1970. The date is that of UTC.
fn describe(release: &str, commit: &str, time: &str) -> String {
    if commit.is_empty() {
        return format!("{release} (commit unknown)");
    }
    let commit = commit.get(..7).unwrap_or(commit);
    let time = time.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.map_or_else(|| format!("{release} ({commit})"), |time| format!("{release} ({commit} {})", time.date()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_shows_what_the_build_knew() {
        for (name, commit, time, expected) in [
            ("full hash", "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", "1796083199", "0.1.0 (1a2b3c4 2026-11-30)"),
            ("next day in UTC", "1a2b3c4d", "1796083200", "0.1.0 (1a2b3c4 2026-12-01)"),
            ("short hash", "1a2b", "0", "0.1.0 (1a2b 1970-01-01)"),
            ("no time", "1a2b3c4", "", "0.1.0 (1a2b3c4)"),
            ("time that is no number", "1a2b3c4", "yesterday", "0.1.0 (1a2b3c4)"),
            ("no commit", "", "1796083199", "0.1.0 (commit unknown)"),
        ] {
            assert_eq!(describe("0.1.0", commit, time), expected, "{name}");
        }
    }
}
