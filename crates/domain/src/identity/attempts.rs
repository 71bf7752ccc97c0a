//! How often somebody may try to sign in under a name and fail.

use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

/// A name that somebody tried to sign in with, whether or not an account has it: the SHA-256 of the name in lower case,
/// so that what people mistype is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TriedName(pub [u8; 32]);

impl TriedName {
    /// The name as typed, or as an account has it.
    pub fn of(name: &str) -> Self {
        Self(Sha256::digest(name.trim().to_lowercase().as_bytes()).into())
    }
}

/// How many tries under one name may fail within [`Self::WINDOW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedLogins(pub u32);

impl FailedLogins {
    /// The time that tries are counted over.
    pub const WINDOW: Duration = Duration::minutes(1);

    /// Tries until this instant do not count any more at `now`.
    pub fn over_by(now: OffsetDateTime) -> OffsetDateTime {
        now - Self::WINDOW
    }

    /// How long after `now` the next try may come when these were let through and did not succeed, in any order;
    /// `None` when it may come at once.
    pub fn wait(self, tries: &[OffsetDateTime], now: OffsetDateTime) -> Option<Duration> {
        let mut counted: Vec<OffsetDateTime> = tries.iter().copied().filter(|at| *at > Self::over_by(now)).collect();
        counted.sort_unstable();
        // So many of them must be over that one more is within the limit.
        let excess = counted.len().checked_sub(usize::try_from(self.0).unwrap_or(usize::MAX))?;
        // A try can be later than `now`: whoever noted it looked at the clock later, or at another one.
        counted.get(excess).map(|at| Self::WINDOW - (now - *at).max(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    #[test]
    fn so_many_tries_may_fail_in_a_minute_whichever_minute_it_is() {
        // The limit, how many seconds ago the tries were, and how many seconds to wait.
        for (limit, tries, wait) in [
            (5, &[][..], None),
            (5, &[1, 2, 3, 4], None),
            (5, &[1, 2, 3, 4, 5], Some(55)),
            (5, &[5, 3, 4, 1, 2], Some(55)),
            (5, &[0, 0, 0, 0, 0], Some(60)),
            (5, &[59, 40, 30, 20, 10], Some(1)),
            (5, &[60, 40, 30, 20, 10], None),
            (5, &[61, 60, 40, 30, 20, 10], None),
            (5, &[3600, 50, 40, 30, 20, 10], Some(10)),
            // More than the limit: it was lowered, or another server's clock is ahead.
            (2, &[50, 40, 30, 20], Some(30)),
            (2, &[10, -5], Some(50)),
            (1, &[-5], Some(60)),
            (1, &[59], Some(1)),
            (1, &[60], None),
        ] {
            let tries: Vec<_> = tries.iter().map(|ago| NOW - Duration::seconds(*ago)).collect();
            assert_eq!(FailedLogins(limit).wait(&tries, NOW), wait.map(Duration::seconds), "{limit} {tries:?}");
        }
    }

    #[test]
    fn a_name_is_the_same_however_it_is_typed() {
        for (one, other, same) in [
            ("ada@example.org", " Ada@Example.ORG ", true),
            ("ada", "ADA", true),
            ("ö@exämple.org", "Ö@EXÄMPLE.org", true),
            ("ada", "ada@example.org", false),
            ("ada", "ad", false),
        ] {
            assert_eq!(TriedName::of(one) == TriedName::of(other), same, "{one} {other}");
        }
    }
}
