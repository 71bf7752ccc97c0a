//! The system's clock and randomness behind the domain's ports.

use domain::clock::Clock;
use domain::ids::Ids;
use rand::TryRng;
use rand::rngs::SysRng;
use time::OffsetDateTime;
use uuid::Uuid;

/// Times are cut to microseconds, the precision of PostgreSQL.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> OffsetDateTime {
        cut_to_microseconds(OffsetDateTime::now_utc())
    }
}

/// Version 7 UUIDs and secrets from the operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the Ids port")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // A crash is better than a secret that can be guessed.
        if let Err(error) = SysRng.try_fill_bytes(&mut bytes) {
            panic!("the operating system gives no randomness: {error}");
        }
        bytes
    }
}

fn cut_to_microseconds(instant: OffsetDateTime) -> OffsetDateTime {
    instant - time::Duration::nanoseconds(i64::from(instant.nanosecond() % 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_time_has_database_precision() {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
        assert_eq!(cut_to_microseconds(instant).unix_timestamp_nanos(), 1_700_000_000_123_456_000);
        let now = SystemClock.now();
        assert_eq!((now.nanosecond() % 1000, now.offset().is_utc()), (0, true));
    }

    #[test]
    fn ids_are_ordered_by_time_and_secrets_differ() {
        let ids: Vec<Uuid> = (0..100).map(|_| SystemIds.fresh()).collect();
        assert!(ids.is_sorted() && ids[0].get_version_num() == 7);
        assert_ne!(SystemIds.secret(), SystemIds.secret());
        assert_ne!(SystemIds.secret(), [0; 32]);
    }
}
