//! Time as stories see it: the server runs on the real clock, and so do they.

use jiff::{Timestamp, ToSpan, tz};

/// This instant, to the millisecond, as clients send it.
pub fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("now is in range")
}

/// The instant written as `text`.
pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A zone in which it is between 11:30 and 12:30 now: a story that is about today is not surprised by midnight there.
pub fn noon_zone() -> tz::TimeZone {
    let hour = (now() + 30.minutes()).to_zoned(tz::TimeZone::UTC).hour();
    // The signs of these names are those of POSIX: Etc/GMT-3 is three hours ahead of UTC.
    let name = match hour - 12 {
        0 => "Etc/UTC".to_owned(),
        behind @ 1.. => format!("Etc/GMT+{behind}"),
        ahead => format!("Etc/GMT{ahead}"),
    };
    tz::TimeZone::get(&name).expect("the zone database has fixed offsets")
}

/// Whether people in `zone` are told today what last week came to, if nobody told them yet: from Monday noon until Wednesday.
pub fn is_summed_up_in(zone: &tz::TimeZone) -> bool {
    now().to_zoned(zone.clone()).weekday().to_monday_one_offset() <= 3
}
