//! The price book as text: one line per row, easy to read and to compare.

use std::fmt;

use time::{Date, Month, OffsetDateTime, Time};

use super::price::Price;
use super::rates::{Prices, Rates, Tier};
use crate::usage::{ModelName, Provider};

/// What a model costs at one provider from one instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// The model as the price table names it (`openrouter/anthropic/claude-sonnet-4.5`).
    pub model: ModelName,
    /// Who sells it, as the price table names them (`bedrock_converse`).
    pub provider: Provider,
    /// Since when; valid until the next row of the same model and provider.
    pub valid_from: OffsetDateTime,
    /// The prices.
    pub prices: Prices,
}

/// Why a line of a price book cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The line does not start with a model and a provider.
    #[error("a line starts with a model, a provider and a day")]
    Name,
    /// The third word is no day.
    #[error("the third word is no day of the form 2026-01-31")]
    Day,
    /// A word is not `kind=price`.
    #[error("a price is written kind=USD per million tokens, with kind one of in out read write write1h think")]
    Price,
    /// A kind is priced twice in the same tier.
    #[error("a kind is priced twice")]
    Twice,
    /// `>Nk` without a number, or the same one twice.
    #[error("a tier starts with >Nk, each N once")]
    Tier,
    /// There is no price for input or output.
    #[error("input and output both need a price")]
    Incomplete,
}

/// The rows of a price book written as text; empty lines and lines that start with `#` are skipped.
pub fn rows(text: &str) -> impl Iterator<Item = Result<PriceRow, LineError>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(before, line)| row(line).map_err(|problem| LineError { line: before + 1, problem }))
}

fn row(line: &str) -> Result<PriceRow, Problem> {
    let mut words = line.splitn(4, ' ');
    let model = words.next().and_then(ModelName::parse).ok_or(Problem::Name)?;
    let provider = words.next().and_then(Provider::parse).ok_or(Problem::Name)?;
    let valid_from = words.next().and_then(day).ok_or(Problem::Day)?;
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

/// Prices as a line has them: `in=3 out=15 read=0.3 >200k in=6 out=22.5`, in USD per million tokens. A tier that does not
/// price a kind takes its base price.
pub fn prices(text: &str) -> Result<Prices, Problem> {
    let mut parts = text.split('>');
    let base = Words::read(parts.next().unwrap_or_default())?.complete().ok_or(Problem::Incomplete)?;
    let mut tiers: Vec<Tier> = Vec::new();
    for part in parts {
        let (threshold, words) = part.split_once(' ').unwrap_or((part, ""));
        let above_thousands =
            threshold.strip_suffix('k').and_then(|number| number.parse().ok()).ok_or(Problem::Tier)?;
        if tiers.iter().any(|tier| tier.above_thousands == above_thousands) {
            return Err(Problem::Tier);
        }
        tiers.push(Tier { above_thousands, rates: Words::read(words)?.over(&base) });
    }
    Ok(Prices::new(base, tiers))
}

/// The prices that one part of a line states.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) input: Option<Price>,
    pub(super) output: Option<Price>,
    pub(super) cache_read: Option<Price>,
    pub(super) cache_write: Option<Price>,
    pub(super) cache_write_1h: Option<Price>,
    pub(super) reasoning: Option<Price>,
}

impl Words {
    fn read(text: &str) -> Result<Self, Problem> {
        let mut words = Self::default();
        for word in text.split_ascii_whitespace() {
            let (kind, price) = word.split_once('=').ok_or(Problem::Price)?;
            let stated = match kind {
                "in" => &mut words.input,
                "out" => &mut words.output,
                "read" => &mut words.cache_read,
                "write" => &mut words.cache_write,
                "write1h" => &mut words.cache_write_1h,
                "think" => &mut words.reasoning,
                _ => return Err(Problem::Price),
            };
            if stated.replace(Price::per_million(price).ok_or(Problem::Price)?).is_some() {
                return Err(Problem::Twice);
            }
        }
        Ok(words)
    }

    /// These prices where they are complete: for input and for output.
    pub(super) fn complete(&self) -> Option<Rates> {
        Some(self.over(&Rates::new(self.input?, self.output?)))
    }

    /// These prices, and those of `base` for the kinds that have none here.
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
    /// What [`prices`] reads. Tiers are written in full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_rates(f, self.base())?;
        for tier in self.tiers() {
            write!(f, " >{}k ", tier.above_thousands)?;
            write_rates(f, &tier.rates)?;
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

    use super::*;

    fn million(text: &str) -> Price {
        Price::per_million(text).expect("a price")
    }

    #[test]
    fn a_line_says_what_a_model_costs_and_since_when() {
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
    fn a_kind_without_a_price_in_a_tier_takes_its_base_price() {
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
        let tiers = vec![Tier { above_thousands: 200, rates: first }, Tier { above_thousands: 1_000, rates: second }];
        assert_eq!(read, Ok(Prices::new(base, tiers)));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_by_its_number() {
        let table = [
            (" openai 2025-01-01 in=1 out=1", Problem::Name),
            ("x", Problem::Name),
            ("x openai", Problem::Day),
            ("x openai yesterday in=1 out=1", Problem::Day),
            ("x openai 2025-13-01 in=1 out=1", Problem::Day),
            ("x openai 2025-02-30 in=1 out=1", Problem::Day),
            ("x openai 2025-01 in=1 out=1", Problem::Day),
            ("x openai 2025-01-01", Problem::Incomplete),
            ("x openai 2025-01-01 in=1", Problem::Incomplete),
            ("x openai 2025-01-01 out=1", Problem::Incomplete),
            ("x openai 2025-01-01 in=1 out=1 read", Problem::Price),
            ("x openai 2025-01-01 in=1 out=-1", Problem::Price),
            ("x openai 2025-01-01 in=1 out=1 audio=1", Problem::Price),
            ("x openai 2025-01-01 in=1 out=1 in=1", Problem::Twice),
            ("x openai 2025-01-01 in=1 out=1 >k in=1", Problem::Tier),
            ("x openai 2025-01-01 in=1 out=1 >200 in=1", Problem::Tier),
            ("x openai 2025-01-01 in=1 out=1 >99999999999999999999k in=1", Problem::Tier),
            ("x openai 2025-01-01 in=1 out=1 >200k in=1 >200k in=1", Problem::Tier),
        ];
        for (line, problem) in table {
            let text = format!("# first\n{line}");
            assert_eq!(rows(&text).next(), Some(Err(LineError { line: 2, problem })), "{line}");
        }
        let error = LineError { line: 7, problem: Problem::Day };
        assert_eq!(error.to_string(), "line 7: the third word is no day of the form 2026-01-31");
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
        fn written_prices_read_back(base in rates(), tier in rates(), above_thousands: u64) {
            // A tier has what it does not price from the base.
            let rates = Rates {
                cache_read: tier.cache_read.or(base.cache_read),
                cache_write: tier.cache_write.or(base.cache_write),
                cache_write_1h: tier.cache_write_1h.or(base.cache_write_1h),
                reasoning: tier.reasoning.or(base.reasoning),
                ..tier
            };
            let written = Prices::new(base, vec![Tier { above_thousands, rates }]);
            prop_assert_eq!(prices(&written.to_string()), Ok(written));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = rows(&text).count();
            let _ = prices(&text);
        }
    }
}
