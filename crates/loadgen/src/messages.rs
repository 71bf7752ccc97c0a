//! Synthetic messages, determined by the number of the account and of the message.

use std::fmt::Write;

use time::{Duration, OffsetDateTime};

/// The messages of one account on one day.
const PER_DAY: u32 = 300;

/// The days before today at which a history begins.
const DAYS: u32 = 400;

/// The messages of a history up to today.
pub(crate) const LONGEST_HISTORY: u32 = PER_DAY * DAYS;

/// The models of messages, all with a known price.
pub(crate) const MODELS: [&str; 4] =
    ["claude-sonnet-4-5-20250929", "claude-opus-4-1-20250805", "claude-haiku-4-5-20251001", "claude-sonnet-4-20250514"];

#[derive(Debug, Clone, Copy)]
pub(crate) struct SyntheticMessage {
    pub(crate) id: u128,
    pub(crate) at: OffsetDateTime,
    /// The index in [`MODELS`].
    pub(crate) model: usize,
    pub(crate) input: u32,
    pub(crate) output: u32,
    pub(crate) cache_read: u32,
    pub(crate) cache_write: u32,
}

#[expect(clippy::disallowed_methods, reason = "a measuring program has no ports")]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The last midnight (UTC).
pub(crate) fn today() -> OffsetDateTime {
    now().replace_time(time::Time::MIDNIGHT)
}

/// A number that distinguishes this run's accounts from those of earlier runs.
pub(crate) fn run_number() -> u64 {
    now().unix_timestamp().unsigned_abs()
}

/// Message `n` of account `account`, which has [`PER_DAY`] messages a day until `today`.
pub(crate) fn message(account: u64, n: u32, today: OffsetDateTime) -> SyntheticMessage {
    let (high, low) = (mix(account), mix(account ^ (u64::from(n) << 20)));
    let below = |shift: u32, most: u32| u32::try_from((low >> shift) & 0xffff).unwrap_or(0) % most;
    let day = today - Duration::days(i64::from(DAYS)) + Duration::days(i64::from(n / PER_DAY));
    SyntheticMessage {
        id: (u128::from(mix(low ^ high)) << 64) | u128::from(low),
        at: day + Duration::hours(8) + Duration::seconds(150 * i64::from(n % PER_DAY)),
        model: usize::try_from(n / 50).unwrap_or(0) % MODELS.len(),
        input: 5 + below(0, 3_000),
        output: 20 + below(8, 2_000),
        cache_read: below(16, 60_000),
        cache_write: below(24, 6_000),
    }
}

/// A pseudo-random number: the finaliser of `SplitMix64`.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A message of the minutes before `now`, number `n` of the `count` of one sync, with an id and counts from `random`.
fn recent_message(random: u64, n: u32, count: u32, now: OffsetDateTime) -> SyntheticMessage {
    let low = mix(random.wrapping_add(u64::from(n) << 32));
    let below = |shift: u32, most: u32| u32::try_from((low >> shift) & 0xffff).unwrap_or(0) % most;
    SyntheticMessage {
        id: (u128::from(random) << 64) | u128::from(n),
        at: now - Duration::seconds(15 * i64::from(count - n)),
        model: usize::try_from(random >> 60).unwrap_or(0) % MODELS.len(),
        input: 5 + below(0, 3_000),
        output: 20 + below(12, 2_000),
        cache_read: below(36, 60_000),
        cache_write: below(24, 6_000),
    }
}

/// The JSON body of a sync of the messages `numbers` of account `account`.
pub(crate) fn body(account: u64, numbers: std::ops::Range<u32>, today: OffsetDateTime) -> String {
    json(numbers.map(|n| message(account, n, today)))
}

/// The JSON body of a sync of 1 to 20 messages of the minutes before `now`, whose number, ids and counts follow from `random`.
pub(crate) fn small_body(random: u64, now: OffsetDateTime) -> String {
    const MOST_MESSAGES: u64 = 20;
    let count = 1 + u32::try_from((random >> 40) % MOST_MESSAGES).unwrap_or(0);
    json((0..count).map(|n| recent_message(random, n, count, now)))
}

fn json(messages: impl ExactSizeIterator<Item = SyntheticMessage>) -> String {
    let mut json = String::with_capacity(300 + 270 * messages.len());
    json.push_str(
        r#"{"version":"2.0.0","client":"burntop-cli","machineId":"machine1","syncedAt":"2026-01-01T00:00:00.000Z","source":"claude-code","messages":["#,
    );
    for (place, m) in messages.enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let (date, hour, minute, second) = (m.at.date(), m.at.hour(), m.at.minute(), m.at.second());
        // Writing to a string cannot fail.
        let _ = write!(
            json,
            r#"{comma}{{"id":"{:032x}","timestamp":"{date}T{hour:02}:{minute:02}:{second:02}.000Z","model":"{}","inputTokens":{},"outputTokens":{},"cacheCreationTokens":{},"cacheReadTokens":{},"reasoningTokens":0}}"#,
            m.id, MODELS[m.model], m.input, m.output, m.cache_write, m.cache_read,
        );
    }
    json.push_str("]}");
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_reproducible_and_distinct() {
        let today = today();
        assert_eq!(body(1, 0..50, today), body(1, 0..50, today));
        let mut ids: Vec<u128> = (0..4).flat_map(|p| (0..5_000).map(move |n| message(p, n, today).id)).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 20_000);
    }

    #[test]
    fn sync_body_is_json_with_past_messages() {
        let body: serde_json::Value = serde_json::from_str(&body(7, 10..20, today())).unwrap();
        assert_eq!(body["messages"].as_array().unwrap().len(), 10);
        assert!(message(7, 60_000, today()).at < today());
    }

    #[test]
    fn small_sync_body_is_json_with_distinct_ids() {
        // The upper bits determine the number of messages: here 20.
        let body: serde_json::Value = serde_json::from_str(&small_body(19 << 40 | 7, now())).unwrap();
        let ids: std::collections::BTreeSet<_> =
            body["messages"].as_array().unwrap().iter().map(|message| message["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 20);
    }
}
