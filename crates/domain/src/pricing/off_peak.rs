//! Off-peak hours in the published table. Windows are times of day in UTC; their days may be those of another time zone.

use time::OffsetDateTime;
use time::macros::datetime;

use super::hours::WeeklyHours;
use super::table::PriceFields;
use crate::days::Zone;

/// Minutes of a day.
const MINUTES_PER_DAY: i32 = 24 * 60;

/// The `off_peak_pricing` of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableOffPeak {
    /// Windows of every day, like `10:00-00:00`.
    pub hours: Vec<String>,
    /// Windows of certain days.
    pub windows: Vec<TableWindow>,
    /// The time zone of the days; UTC by default.
    pub weekday_zone: Option<String>,
    /// The prices in these hours.
    pub prices: PriceFields,
}

/// Windows of certain days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableWindow {
    /// The windows, like `10:00-00:00`.
    pub hours: Vec<String>,
    /// The days, as numbers from 1 (Monday) or English names; `None` is every day.
    pub weekdays: Option<Vec<String>>,
}

/// The hours that `off_peak` states, by LiteLLM's rules: a window that ends where it starts is the whole day, one that ends
/// earlier continues after midnight, and an unreadable one is skipped. `None` if the zone of the days has summer time: the hours
/// then differ by season.
pub(super) fn hours(off_peak: &TableOffPeak) -> Option<WeeklyHours> {
    let zone = off_peak.weekday_zone.as_deref().map(str::trim).and_then(Zone::parse).unwrap_or_else(Zone::utc);
    let ahead = constant_offset(&zone)?;
    let mut hours = WeeklyHours::default();
    let every_day = TableWindow { hours: off_peak.hours.clone(), weekdays: None };
    for window in off_peak.windows.iter().chain([&every_day]) {
        let days: Option<Vec<i32>> =
            window.weekdays.as_ref().map(|days| days.iter().filter_map(|day| weekday(day)).collect());
        for (from, until) in window.hours.iter().filter_map(|text| span(text)) {
            let parts = if from < until { vec![(from, until)] } else { vec![(from, MINUTES_PER_DAY), (0, until)] };
            for (from, until) in parts {
                add(&mut hours, (from, until), ahead, days.as_deref());
            }
        }
    }
    Some(hours)
}

/// Adds the minutes of each UTC day that falls on one of `days` in a zone `ahead` minutes ahead of UTC.
fn add(hours: &mut WeeklyHours, (from, until): (i32, i32), ahead: i32, days: Option<&[i32]>) {
    // Within a UTC day, the day of the zone changes once.
    let midnight = (-ahead).rem_euclid(MINUTES_PER_DAY);
    for day in 0..7 {
        for (from, until) in [(from, until.min(midnight)), (from.max(midnight), until)] {
            let local_day = (day * MINUTES_PER_DAY + from + ahead).div_euclid(MINUTES_PER_DAY).rem_euclid(7);
            let is_meant = days.is_none_or(|days| days.contains(&local_day));
            let minutes = (usize::try_from(day), u16::try_from(from), u16::try_from(until));
            if let (true, (Ok(day), Ok(from), Ok(until))) = (is_meant, minutes) {
                // An empty part is no time and is skipped.
                let _ = hours.add(day, from, until);
            }
        }
    }
}

/// The minutes that `zone` is ahead of UTC; `None` if that changes with the season.
fn constant_offset(zone: &Zone) -> Option<i32> {
    let ahead = |at: OffsetDateTime| {
        let local = zone.local(at);
        let days = i32::try_from((local.date - at.date()).whole_days()).ok()?;
        Some(days * MINUTES_PER_DAY + i32::from(local.hour) * 60 + i32::from(local.minute))
    };
    let winter = ahead(datetime!(2026-01-15 0:00 UTC))?;
    (ahead(datetime!(2026-07-15 0:00 UTC))? == winter).then_some(winter)
}

/// The minutes of a window like `10:00-00:00`.
fn span(text: &str) -> Option<(i32, i32)> {
    let (from, until) = text.split_once('-')?;
    Some((clock(from.trim())?, clock(until.trim())?))
}

/// A time of day like `4:00`, in minutes.
fn clock(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: i32| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| is_number && *number < below)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

/// The day of the week in `text`, counted from Monday.
fn weekday(text: &str) -> Option<i32> {
    const NAMES: [(&str, i32); 17] = [
        ("mon", 0),
        ("monday", 0),
        ("tue", 1),
        ("tues", 1),
        ("tuesday", 1),
        ("wed", 2),
        ("wednesday", 2),
        ("thu", 3),
        ("thur", 3),
        ("thurs", 3),
        ("thursday", 3),
        ("fri", 4),
        ("friday", 4),
        ("sat", 5),
        ("saturday", 5),
        ("sun", 6),
        ("sunday", 6),
    ];
    let text = text.trim().to_lowercase();
    let number = || text.parse::<i32>().ok().map(|day| day - 1).filter(|day| (0..7).contains(day));
    number().or_else(|| NAMES.iter().find(|(name, _)| *name == text).map(|(_, day)| *day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn window(hours: &[&str], weekdays: Option<&[&str]>) -> TableWindow {
        TableWindow { hours: strings(hours), weekdays: weekdays.map(strings) }
    }

    /// The hours of the windows, as a line writes them.
    fn written(windows: Vec<TableWindow>, weekday_zone: Option<&str>) -> Option<String> {
        let weekday_zone = weekday_zone.map(str::to_owned);
        hours(&TableOffPeak { windows, weekday_zone, ..TableOffPeak::default() }).map(|hours| hours.to_string())
    }

    #[test]
    fn off_peak_windows_apply_to_named_days() {
        let weekdays: &[&str] = &["1", "2", "3", "4", "5"];
        let deepseek = || {
            vec![
                window(&["00:00-01:00", "04:00-06:00", "10:00-00:00"], Some(weekdays)),
                window(&["00:00-00:00"], Some(&["sat", "Sunday"])),
            ]
        };
        let as_utc = "12345/00:00-01:00,04:00-06:00,10:00-24:00 67/00:00-24:00";
        let table = [
            ("DeepSeek", deepseek(), None, as_utc),
            ("Tencent: the same hours of a Chinese week", deepseek(), Some("Asia/Shanghai"), as_utc),
            ("no days", vec![window(&["1:00-2:30"], None)], None, "1234567/01:00-02:30"),
            ("over midnight", vec![window(&["22:00-02:00"], Some(&["1"]))], None, "1/00:00-02:00,22:00-24:00"),
            (
                "a day in China",
                vec![window(&["00:00-00:00"], Some(&["1"]))],
                Some("Asia/Shanghai"),
                "1/00:00-16:00 7/16:00-24:00",
            ),
            (
                "a day west of UTC",
                vec![window(&["00:00-00:00"], Some(&["7"]))],
                Some("America/Bogota"),
                "1/00:00-05:00 7/05:00-24:00",
            ),
            ("an unknown zone", vec![window(&["00:00-00:00"], Some(&["1"]))], Some("Mars/Olympus"), "1/00:00-24:00"),
            (
                "what cannot be read",
                vec![window(&["25:00-26:00", "x", "1:00"], None), window(&["1:00-2:00"], Some(&["8", "true"]))],
                None,
                "",
            ),
        ];
        for (case, windows, zone, expected) in table {
            assert_eq!(written(windows, zone).as_deref(), Some(expected), "{case}");
        }
    }

    #[test]
    fn off_peak_zone_with_summer_time_is_refused() {
        let windows = vec![window(&["00:00-00:00"], Some(&["1"]))];
        assert_eq!(written(windows, Some("Europe/Berlin")), None);
    }
}
