//! Ids that are made of content, for responses without an id.

use std::fmt::{Display, Write as _};

use sha2::{Digest, Sha256};

/// The fingerprint of a response in a session: `fp1:` and 128 bits of SHA-256 over source, session and the counts as the tool reports
/// them, one per line. The tool's telemetry has the same counts, so both ways meet on one record.
pub(crate) fn fp1(source: &str, session: &str, raw_counts: &[u64]) -> String {
    let mut text = format!("{source}\n{session}");
    for count in raw_counts {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{count}");
    }
    format!("fp1:{}", &hex(&text)[..32])
}

/// 128 bits of SHA-256 over the parts, one per line, in hexadecimal.
pub(crate) fn hash_id(parts: &[&dyn Display]) -> String {
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let _ = write!(text, "{part}");
    }
    hex(&text)[..32].to_owned()
}

/// 64 bits of SHA-256, to recognise content in the state.
pub(crate) fn hash_64(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected value is `printf 'codex\nthread-1\n10\n2\n3\n1' | sha256sum`.
    #[test]
    fn fp1_is_sha256_of_lines() {
        assert_eq!(fp1("codex", "thread-1", &[10, 2, 3, 1]), "fp1:526ec02858031196744b4b614abc6dda");
    }
}
