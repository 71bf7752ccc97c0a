//! Times for stories. The server and the stories use the real clock.

use jiff::{Timestamp, ToSpan, tz};

/// The current time to the millisecond, as clients send it.
pub fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("now is in range")
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A zone in which it is now between 11:30 and 12:30, so that midnight does not fall into a story about today.
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

/// Whether accounts in `zone` get a summary of last week today: from Monday noon until Wednesday.
pub fn is_summed_up_in(zone: &tz::TimeZone) -> bool {
    now().to_zoned(zone.clone()).weekday().to_monday_one_offset() <= 3
}
