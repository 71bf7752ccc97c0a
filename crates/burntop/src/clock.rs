//! The clock and the time zone of this machine.

use domain::clock::Clock;
use domain::days::Zone;
use time::OffsetDateTime;

/// The clock of the system.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(now.nanosecond() / 1_000 * 1_000).unwrap_or(now)
    }
}

/// The zone of this machine: `TZ` if it names one, else what the system is set to, else UTC.
pub(crate) fn zone() -> Zone {
    let variable = std::env::var("TZ").ok();
    named_zone(variable.as_deref())
        .or_else(|| Zone::parse(&iana_time_zone::get_timezone().ok()?))
        .unwrap_or_else(Zone::utc)
}

/// The zone in a value of `TZ`: a name, possibly after a colon, or a path into the zone database.
fn named_zone(variable: Option<&str>) -> Option<Zone> {
    let value = variable?.trim_start_matches(':');
    let name = value.rsplit_once("zoneinfo/").map_or(value, |(_, name)| name);
    Zone::parse(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_of_variable() {
        for (value, expected) in [
            (Some("Europe/Berlin"), Some("Europe/Berlin")),
            (Some(":Europe/Berlin"), Some("Europe/Berlin")),
            (Some("/usr/share/zoneinfo/Asia/Tokyo"), Some("Asia/Tokyo")),
            (Some("UTC"), Some("UTC")),
            (Some("<+03>-3"), None),
            (Some(""), None),
            (None, None),
        ] {
            assert_eq!(named_zone(value).as_ref().map(Zone::name), expected, "{value:?}");
        }
    }
}
