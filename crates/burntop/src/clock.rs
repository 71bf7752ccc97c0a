//! The clock and the time zone of this machine.

use std::time::SystemTime;

use domain::clock::Clock;
use domain::days::Zone;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::failure::{Failure, FailureKind};

/// The times at which burntop works. Readers refuse responses before 2020 and those ahead of the clock, so an earlier clock would pass over whole
/// logs. After 9999 calendars fail; a year remains before it, so that a time ahead of the clock can be computed.
const FIRST: OffsetDateTime = datetime!(2020-01-01 00:00 UTC);
const LAST: OffsetDateTime = datetime!(9998-01-01 00:00 UTC);

/// The clock of the system.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        let system = system_time();
        instant(system).unwrap_or(if system < SystemTime::from(FIRST) { FIRST } else { LAST })
    }
}

/// Fails if the clock of this machine shows a time at which burntop does not work.
pub(crate) fn check() -> Result<(), Failure> {
    check_time(system_time())
}

fn check_time(system: SystemTime) -> Result<(), Failure> {
    instant(system).map(drop).ok_or_else(|| {
        let message = format!(
            "The clock of this machine is wrong: its year is not one from {} to {}. Set it, and try again.",
            FIRST.year(),
            LAST.year() - 1
        );
        Failure::new(FailureKind::Local, message)
    })
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

/// `system` in microseconds; `None` outside of the times at which burntop works. The conversion of `time` would panic.
fn instant(system: SystemTime) -> Option<OffsetDateTime> {
    let microseconds = system.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_micros();
    let nanoseconds = i128::try_from(microseconds).ok()?.checked_mul(1_000)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok().filter(|instant| (FIRST..LAST).contains(instant))
}

/// The zone of this machine: `TZ` if it names one, else what the system is set to, else UTC. The text is a warning of a `TZ` that names none.
pub(crate) fn zone() -> (Zone, Option<String>) {
    let variable = std::env::var_os("TZ").map(|value| value.to_string_lossy().into_owned());
    if let Some(zone) = named_zone(variable.as_deref()) {
        return (zone, None);
    }
    let system = iana_time_zone::get_timezone().ok().and_then(|name| Zone::parse(&name)).unwrap_or_else(Zone::utc);
    let warning = variable.filter(|value| !means_system_zone(value)).map(|value| {
        format!(
            "TZ is `{value}`, which is not the name of a time zone such as Europe/Berlin. Days are those of {system}."
        )
    });
    (system, warning)
}

/// Whether a value of `TZ` stands for the zone that the system is set to.
fn means_system_zone(value: &str) -> bool {
    matches!(value.trim_start_matches(':'), "" | "/etc/localtime")
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
    use std::time::Duration;

    #[test]
    fn clock_outside_of_calendar_is_failure_without_panic() {
        let at = |year: i64| {
            let seconds = Duration::from_secs((year - 1970).unsigned_abs() * 31_556_952);
            if year < 1970 { SystemTime::UNIX_EPOCH - seconds } else { SystemTime::UNIX_EPOCH + seconds }
        };
        for (year, is_usable) in [
            (-33_658, false),
            (1969, false),
            (1970, false),
            (2019, false),
            (2021, true),
            (2026, true),
            (9_997, true),
            (9_999, false),
            (10_000, false),
            (33_658, false),
            (250_000_000_000, false),
        ] {
            assert_eq!(check_time(at(year)).is_ok(), is_usable, "{year}");
        }
    }

    #[test]
    fn clock_has_microseconds() {
        let system = SystemTime::from(FIRST) + Duration::from_nanos(1_234_567);
        assert_eq!(instant(system), Some(datetime!(2020-01-01 00:00:00.001234 UTC)));
    }

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
