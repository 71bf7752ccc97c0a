//! The records that a server takes.

use time::{Duration, OffsetDateTime, macros::datetime};

use crate::Record;
use crate::fingerprint::hash_id;

/// Tools had no token counts before.
const EARLIEST: OffsetDateTime = datetime!(2020-01-01 00:00 UTC);

/// A clock may be ahead this much.
const CLOCK_SKEW: Duration = Duration::hours(24);

/// The longest id and names that the server takes, in characters.
const LONGEST_ID: usize = 200;
/// The largest count that the server takes, 2^53 - 1.
const LARGEST_COUNT: u64 = (1 << 53) - 1;

/// Why `record` cannot be of a real response; `None` if it can.
pub(crate) fn impossible(record: &Record, now: OffsetDateTime) -> Option<&'static str> {
    let tokens = record.tokens;
    let counts = [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output];
    if record.timestamp < EARLIEST {
        Some("response before 2020")
    } else if record.timestamp > now + CLOCK_SKEW {
        Some("response in the future")
    } else if counts.iter().any(|count| *count > LARGEST_COUNT) {
        Some("count too large")
    } else if tokens.cache_write_1h > tokens.cache_write {
        Some("more one-hour cache writes than cache writes")
    } else {
        None
    }
}

/// Makes names that the server takes: without NUL and not too long. Reasoning is at most the output, of which it is a part.
pub(crate) fn make_acceptable(record: &mut Record) {
    record.tokens.reasoning = record.tokens.reasoning.min(record.tokens.output);
    if record.id.contains('\0') || record.id.chars().count() > LONGEST_ID {
        record.id = hash_id(&[&record.id]);
    }
    let names = [Some(&mut record.model)].into_iter().chain([
        record.provider.as_mut(),
        record.session.as_mut(),
        record.project.as_mut(),
        record.agent.as_mut(),
        record.service_tier.as_mut(),
    ]);
    for name in names.flatten() {
        if name.contains('\0') || name.len() > LONGEST_ID {
            *name = name.chars().filter(|character| *character != '\0').take(LONGEST_ID).collect::<String>().into();
        }
    }
}
