//! The text format of the price book: one line per row.

use std::fmt;

use time::{Date, Month, OffsetDateTime, Time};

use super::hours::WeeklyHours;
use super::price::Price;
use super::rates::{OffPeak, PriceTier, Prices, Rates};
use crate::usage::{ModelName, Provider};

/// The prices of a model at a provider from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// The model as the price table names it (`openrouter/anthropic/claude-sonnet-4.5`).
    pub model: ModelName,
    /// The seller as the price table names it (`bedrock_converse`).
    pub provider: Provider,
    /// Valid until the next row of the same model and provider.
    pub valid_from: OffsetDateTime,
    pub prices: Prices,
}

/// Why a line of a price book cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// The number of the line, from 1.
    pub line: usize,
    pub problem: LineProblem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// The line does not start with a model and a provider.
    #[error("a line starts with a model, a provider and a day")]
    Name,
    /// The third word is not a day.
    #[error("the third word is not a day of the form 2026-01-31")]
    Day,
    /// A word is not `kind=price`.
    #[error("a price is written kind=USD per million tokens, with kind one of in out read write write1h think")]
    Price,
    /// A kind is priced twice in the same tier.
    #[error("a kind is priced twice")]
    Twice,
    /// `>Nk` or `>N` lacks a number or is repeated.
    #[error("a tier starts with >Nk or >N, each threshold once")]
    Tier,
    /// `~` is not followed by hours, or is repeated.
    #[error("off-peak prices start with ~ and hours of the form 12345/00:00-01:00,10:00-24:00, once")]
    OffPeak,
    /// A price for input or output is missing.
    #[error("input and output both need a price")]
    Incomplete,
}

/// The rows of a price book; empty lines and lines that start with `#` are skipped.
pub fn rows(text: &str) -> impl Iterator<Item = Result<PriceRow, LineError>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(before, line)| row(line).map_err(|problem| LineError { line: before + 1, problem }))
}

fn row(line: &str) -> Result<PriceRow, LineProblem> {
    let mut words = line.splitn(4, ' ');
    let model = words.next().and_then(ModelName::parse).ok_or(LineProblem::Name)?;
    let provider = words.next().and_then(Provider::parse).ok_or(LineProblem::Name)?;
    let valid_from = words.next().and_then(day).ok_or(LineProblem::Day)?;
    let prices = prices(words.next().unwrap_or_default())?;
    Ok(PriceRow { model, provider, valid_from, prices })
}

/// The first instant (UTC) of a day written `2026-01-31`.
fn day(text: &str) -> Option<OffsetDateTime> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month = Month::try_from(parts.next()?.parse::<u8>().ok()?).ok()?;
    let date = Date::from_calendar_date(year, month, parts.next()?.parse().ok()?).ok()?;
    Some(date.with_time(Time::MIDNIGHT).assume_utc())
}

/// Reads the prices of a line: `in=3 out=15 read=0.3 >200k in=6 out=22.5 ~67/00:00-24:00 in=1`, in USD per million tokens. A
/// kind without a price in a tier or off-peak hours has its base price there.
pub fn prices(text: &str) -> Result<Prices, LineProblem> {
    let (text, off_peak) = text.split_once('~').map_or((text, None), |(text, off_peak)| (text, Some(off_peak)));
    let mut parts = text.split('>');
    let base = PriceWords::read(parts.next().unwrap_or_default())?.complete().ok_or(LineProblem::Incomplete)?;
    let mut tiers: Vec<PriceTier> = Vec::new();
    for part in parts {
        let (threshold, words) = part.split_once(' ').unwrap_or((part, ""));
        let above = tokens(threshold).ok_or(LineProblem::Tier)?;
        if tiers.iter().any(|tier| tier.above == above) {
            return Err(LineProblem::Tier);
        }
        tiers.push(PriceTier { above, rates: PriceWords::read(words)?.over(&base) });
    }
    let off_peak = off_peak.map(|text| off_peak_prices(text, &base)).transpose()?;
    Ok(Prices::new(base, tiers).with_off_peak(off_peak))
}

/// A threshold in tokens, written `200k` or `131072`.
fn tokens(text: &str) -> Option<u64> {
    let (number, unit) = text.strip_suffix('k').map_or((text, 1), |thousands| (thousands, 1_000));
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Off-peak hours, and the prices in these hours.
fn off_peak_prices(text: &str, base: &Rates) -> Result<OffPeak, LineProblem> {
    let prices = text.find('=').map_or(text.len(), |sign| text[..sign].rfind(' ').map_or(0, |space| space + 1));
    let hours = WeeklyHours::parse(&text[..prices]).ok_or(LineProblem::OffPeak)?;
    Ok(OffPeak { hours, rates: PriceWords::read(&text[prices..])?.over(base) })
}

/// The prices in one part of a line.
#[derive(Debug, Default)]
pub(super) struct PriceWords {
    pub(super) input: Option<Price>,
    pub(super) output: Option<Price>,
    pub(super) cache_read: Option<Price>,
    pub(super) cache_write: Option<Price>,
    pub(super) cache_write_1h: Option<Price>,
    pub(super) reasoning: Option<Price>,
}

impl PriceWords {
    fn read(text: &str) -> Result<Self, LineProblem> {
        let mut words = Self::default();
        for word in text.split_ascii_whitespace() {
            let (kind, price) = word.split_once('=').ok_or(LineProblem::Price)?;
            let stated = match kind {
                "in" => &mut words.input,
                "out" => &mut words.output,
                "read" => &mut words.cache_read,
                "write" => &mut words.cache_write,
                "write1h" => &mut words.cache_write_1h,
                "think" => &mut words.reasoning,
                _ => return Err(LineProblem::Price),
            };
            if stated.replace(Price::per_million(price).ok_or(LineProblem::Price)?).is_some() {
                return Err(LineProblem::Twice);
            }
        }
        Ok(words)
    }

    /// The rates, if input and output have prices.
    pub(super) fn complete(&self) -> Option<Rates> {
        Some(self.over(&Rates::new(self.input?, self.output?)))
    }

    /// The rates, with those of `base` for missing kinds.
    pub(super) fn over(&self, base: &Rates) -> Rates {
        Rates {
            input: self.input.unwrap_or(base.input),
            output: self.output.unwrap_or(base.output),
            cache_read: self.cache_read.or(base.cache_read),
            cache_write: self.cache_write.or(base.cache_write),
            cache_write_1h: self.cache_write_1h.or(base.cache_write_1h),
            reasoning: self.reasoning.or(base.reasoning),
        }
    }
}

impl fmt::Display for Prices {
    /// The format of [`prices`]. Tiers and off-peak prices are written in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_rates(f, self.base())?;
        for tier in self.tiers() {
            match tier.above % 1_000 {
                0 => write!(f, " >{}k ", tier.above / 1_000)?,
                _ => write!(f, " >{} ", tier.above)?,
            }
            write_rates(f, &tier.rates)?;
        }
        if let Some(off_peak) = self.off_peak() {
            write!(f, " ~{} ", off_peak.hours)?;
            write_rates(f, &off_peak.rates)?;
        }
        Ok(())
    }
}

fn write_rates(f: &mut fmt::Formatter<'_>, rates: &Rates) -> fmt::Result {
    write!(f, "in={} out={}", rates.input, rates.output)?;
    let others = [
        ("read", rates.cache_read),
        ("write", rates.cache_write),
        ("write1h", rates.cache_write_1h),
        ("think", rates.reasoning),
    ];
    others
        .into_iter()
        .filter_map(|(kind, price)| price.map(|price| (kind, price)))
        .try_for_each(|(kind, price)| write!(f, " {kind}={price}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hours::tests::hours;
    use super::*;

    fn million(text: &str) -> Price {
        Price::per_million(text).expect("a price")
    }

    #[test]
    fn line_has_model_provider_day_and_prices() {
        let text =
            "# a comment\n\nOpenRouter/X openrouter 2025-10-05 in=3 out=15 read=0.3 write=3.75 write1h=6 think=20\n";
        let read: Vec<_> = rows(text).collect();
        let base = Rates {
            input: million("3"),
            output: million("15"),
            cache_read: Some(million("0.3")),
            cache_write: Some(million("3.75")),
            cache_write_1h: Some(million("6")),
            reasoning: Some(million("20")),
        };
        let row = PriceRow {
            model: ModelName::trusted("openrouter/x"),
            provider: Provider::trusted("openrouter"),
            valid_from: time::macros::datetime!(2025-10-05 0:00 UTC),
            prices: Prices::new(base, vec![]),
        };
        assert_eq!(read, [Ok(row)]);
    }

    #[test]
    fn line_tier_without_kind_uses_base_price() {
        let read = prices(
            "in=3 out=15 read=0.3 write=4 write1h=6 think=9 >200k in=5 write=7 >1000k out=20 read=1 write1h=8 think=10",
        );
        let base = Rates {
            input: million("3"),
            output: million("15"),
            cache_read: Some(million("0.3")),
            cache_write: Some(million("4")),
            cache_write_1h: Some(million("6")),
            reasoning: Some(million("9")),
        };
        let first = Rates { input: million("5"), cache_write: Some(million("7")), ..base };
        let second = Rates {
            output: million("20"),
            cache_read: Some(million("1")),
            cache_write_1h: Some(million("8")),
            reasoning: Some(million("10")),
            ..base
        };
        let tiers = vec![PriceTier { above: 200_000, rates: first }, PriceTier { above: 1_000_000, rates: second }];
        assert_eq!(read, Ok(Prices::new(base, tiers)));
    }

    #[test]
    fn line_off_peak_prices_follow_hours() {
        let read =
            prices("in=4 out=8 read=1 >131072 in=5 ~12345/10:00-24:00 67/00:00-24:00 in=2 out=4").expect("prices");
        let base = Rates { cache_read: Some(million("1")), ..Rates::new(million("4"), million("8")) };
        let hours = WeeklyHours::parse("12345/10:00-24:00 67/00:00-24:00").expect("hours");
        let off_peak = OffPeak { hours, rates: Rates { input: million("2"), output: million("4"), ..base } };
        let tier = PriceTier { above: 131_072, rates: Rates { input: million("5"), ..base } };
        assert_eq!(read, Prices::new(base, vec![tier]).with_off_peak(Some(off_peak)));
    }

    #[test]
    fn line_malformed_is_reported_with_number() {
        let table = [
            (" openai 2025-01-01 in=1 out=1", LineProblem::Name),
            ("x", LineProblem::Name),
            ("x openai", LineProblem::Day),
            ("x openai yesterday in=1 out=1", LineProblem::Day),
            ("x openai 2025-13-01 in=1 out=1", LineProblem::Day),
            ("x openai 2025-02-30 in=1 out=1", LineProblem::Day),
            ("x openai 2025-01 in=1 out=1", LineProblem::Day),
            ("x openai 2025-01-01", LineProblem::Incomplete),
            ("x openai 2025-01-01 in=1", LineProblem::Incomplete),
            ("x openai 2025-01-01 out=1", LineProblem::Incomplete),
            ("x openai 2025-01-01 in=1 out=1 read", LineProblem::Price),
            ("x openai 2025-01-01 in=1 out=-1", LineProblem::Price),
            ("x openai 2025-01-01 in=1 out=1 audio=1", LineProblem::Price),
            ("x openai 2025-01-01 in=1 out=1 in=1", LineProblem::Twice),
            ("x openai 2025-01-01 in=1 out=1 >k in=1", LineProblem::Tier),
            ("x openai 2025-01-01 in=1 out=1 >-200 in=1", LineProblem::Tier),
            ("x openai 2025-01-01 in=1 out=1 >99999999999999999999k in=1", LineProblem::Tier),
            ("x openai 2025-01-01 in=1 out=1 >18446744073709552k in=1", LineProblem::Tier),
            ("x openai 2025-01-01 in=1 out=1 >200k in=1 >200000 in=1", LineProblem::Tier),
            ("x openai 2025-01-01 in=1 out=1 ~ in=1", LineProblem::OffPeak),
            ("x openai 2025-01-01 in=1 out=1 ~8/00:00-01:00 in=1", LineProblem::OffPeak),
            ("x openai 2025-01-01 in=1 out=1 ~1/00:00-01:00 in=1 ~2/00:00-01:00 in=1", LineProblem::Price),
            ("x openai 2025-01-01 in=1 out=1 ~1/00:00-01:00 in=1 in=1", LineProblem::Twice),
        ];
        for (line, problem) in table {
            let text = format!("# first\n{line}");
            assert_eq!(rows(&text).next(), Some(Err(LineError { line: 2, problem })), "{line}");
        }
        let error = LineError { line: 7, problem: LineProblem::Day };
        assert_eq!(error.to_string(), "line 7: the third word is not a day of the form 2026-01-31");
    }

    fn price() -> impl Strategy<Value = Price> {
        any::<u64>().prop_map(Price::from_femto)
    }

    fn rates() -> impl Strategy<Value = Rates> {
        let one = || proptest::option::of(price());
        (price(), price(), one(), one(), one(), one()).prop_map(
            |(input, output, cache_read, cache_write, cache_write_1h, reasoning)| Rates {
                input,
                output,
                cache_read,
                cache_write,
                cache_write_1h,
                reasoning,
            },
        )
    }

    proptest! {
        #[test]
        fn prices_round_trip(
            base in rates(), tier in rates(), above: u64, off_peak in proptest::option::of((hours(), rates())),
        ) {
            // In a tier, a missing kind has the base price.
            let over_base = |rates: Rates| Rates {
                cache_read: rates.cache_read.or(base.cache_read),
                cache_write: rates.cache_write.or(base.cache_write),
                cache_write_1h: rates.cache_write_1h.or(base.cache_write_1h),
                reasoning: rates.reasoning.or(base.reasoning),
                ..rates
            };
            let off_peak = off_peak.map(|(hours, rates)| OffPeak { hours, rates: over_base(rates) });
            let written = Prices::new(base, vec![PriceTier { above, rates: over_base(tier) }]).with_off_peak(off_peak);
            prop_assert_eq!(prices(&written.to_string()), Ok(written));
        }

        #[test]
        fn line_any_text_does_not_panic(text in "\\PC{0,80}") {
            let _ = rows(&text).count();
            let _ = prices(&text);
        }
    }
}
