//! The published LiteLLM table: selects the entries that are usable prices. `scripts/price_book.py` does the same for the
//! shipped book.

use std::collections::BTreeMap;

use super::hours::WeeklyHours;
use super::line::PriceWords;
use super::makers::is_free;
use super::off_peak::{TableOffPeak, hours};
use super::price::{Price, whole};
use super::rates::{OffPeak, PriceTier, Prices, Rates};
use crate::usage::{ModelName, Provider};

/// The modes whose entries price tokens of text.
const MODES: [&str; 3] = ["chat", "completion", "responses"];

/// An entry of the published table. Numbers are still text, so that no digit is lost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableEntry {
    /// The key of the entry.
    pub model: String,
    /// The seller (`litellm_provider`).
    pub provider: Option<String>,
    /// The purpose of the model (`mode`).
    pub mode: Option<String>,
    pub prices: PriceFields,
    /// The prices by ranges of the context (`tiered_pricing`).
    pub ranges: Vec<TableRange>,
    /// The prices at certain hours (`off_peak_pricing`).
    pub off_peak: Option<TableOffPeak>,
}

/// Fields for which [`is_price_field`] holds, in the order of the entry; `None` is a value that is neither number nor text.
pub type PriceFields = Vec<(String, Option<String>)>;

/// The prices of requests whose context is within a range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableRange {
    /// The start of the range in tokens; a context of exactly this size is below it.
    pub start: Option<String>,
    pub prices: PriceFields,
}

/// The prices of a model at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPrice {
    /// The model as the table names it.
    pub model: ModelName,
    /// The seller as the table names it.
    pub provider: Provider,
    pub prices: Prices,
}

/// Why an entry is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    /// The name or the provider is invalid.
    #[error("the name of the model or of its provider is missing, too long, or has spaces")]
    Name,
    /// A price is not a decimal number, or negative.
    #[error("a price is not a number from zero on")]
    Number,
    /// A price exceeds [`Price::MOST`].
    #[error("a price is more than 1,000 USD per million tokens")]
    Implausible,
    /// A range of contexts has no start.
    #[error("a range of contexts does not start at a number of tokens")]
    Range,
    /// Off-peak hours differ by season in UTC.
    #[error("off-peak hours follow the days of a time zone whose offset from UTC changes")]
    Hours,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEntry {
    /// The key of the entry.
    pub model: String,
    pub problem: EntryProblem,
}

/// The content of a published table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceTable {
    /// One entry for each model and provider, sorted by name.
    pub listed: Vec<ListedPrice>,
    /// Entries that look like prices and are implausible.
    pub refused: Vec<RefusedEntry>,
}

impl PriceTable {
    /// Reads `entries`. Those of other modes, without a price for input and output, or of zeros alone are skipped. Of several
    /// for the same model and provider (names are compared in lower case), the last name counts.
    pub fn read(mut entries: Vec<TableEntry>) -> Self {
        entries.sort_by(|a, b| a.model.cmp(&b.model));
        let (mut listed, mut refused) = (BTreeMap::new(), Vec::new());
        for entry in entries {
            match read(&entry) {
                Ok(None) => {}
                Ok(Some(row)) => drop(listed.insert((row.model.clone(), row.provider.clone()), row)),
                Err(problem) => refused.push(RefusedEntry { model: entry.model, problem }),
            }
        }
        Self { listed: listed.into_values().collect(), refused }
    }
}

/// Whether a field of an entry states a price that is used.
pub fn is_price_field(name: &str) -> bool {
    field(name).is_some()
}

/// The row of `entry`; `None` if it does not price tokens of text.
fn read(entry: &TableEntry) -> Result<Option<ListedPrice>, EntryProblem> {
    if !entry.mode.as_deref().is_some_and(|mode| MODES.contains(&mode)) {
        return Ok(None);
    }
    let Some(prices) = prices(entry)? else { return Ok(None) };
    let name = |text: &str| !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let model = Some(&entry.model).filter(|text| name(text)).and_then(|text| ModelName::parse(text));
    let provider = entry.provider.as_ref().filter(|text| name(text)).and_then(|text| Provider::parse(text));
    let (Some(model), Some(provider)) = (model, provider) else { return Err(EntryProblem::Name) };
    let is_gap = prices.are_zero() && !is_free(provider.as_str(), model.as_str());
    Ok((!is_gap).then_some(ListedPrice { model, provider, prices }))
}

/// The prices of `entry`; `None` if input or output has none.
fn prices(entry: &TableEntry) -> Result<Option<Prices>, EntryProblem> {
    let mut tiers: BTreeMap<u64, PriceWords> = BTreeMap::new();
    for (kind, above, price) in stated(&entry.prices)? {
        *kind(tiers.entry(above).or_default()) = Some(price);
    }
    // Ranges are more exact, if an entry has both.
    for range in &entry.ranges {
        let start = range.start.as_deref().and_then(whole).ok_or(EntryProblem::Range)?;
        for (kind, _, price) in stated(&range.prices)?.into_iter().filter(|(_, above, _)| *above == 0) {
            *kind(tiers.entry(start).or_default()) = Some(price);
        }
    }
    let Some(base) = tiers.remove(&0).unwrap_or_default().complete() else { return Ok(None) };
    let tiers = tiers.into_iter().map(|(above, words)| PriceTier { above, rates: words.over(&base) });
    let off_peak = entry.off_peak.as_ref().map(|off_peak| at_off_peak(off_peak, &base)).transpose()?.flatten();
    Ok(Some(Prices::new(base, tiers.collect()).with_off_peak(off_peak)))
}

/// The off-peak prices over those of `base`; `None` without prices or hours.
fn at_off_peak(stated_in: &TableOffPeak, base: &Rates) -> Result<Option<OffPeak>, EntryProblem> {
    let mut words = PriceWords::default();
    for (kind, _, price) in stated(&stated_in.prices)?.into_iter().filter(|(_, above, _)| *above == 0) {
        *kind(&mut words) = Some(price);
    }
    let (hours, rates) = (hours(stated_in).ok_or(EntryProblem::Hours)?, words.over(base));
    let is_other = hours != WeeklyHours::default() && rates != *base;
    Ok(is_other.then_some(OffPeak { hours, rates }))
}

/// The prices in `fields`: kind, threshold in tokens, price.
fn stated(fields: &[(String, Option<String>)]) -> Result<Vec<(Kind, u64, Price)>, EntryProblem> {
    let known = fields.iter().filter_map(|(name, value)| Some((field(name)?, value)));
    let price = |((kind, above), value): ((Kind, u64), &Option<String>)| {
        let price = value.as_deref().and_then(Price::per_token).ok_or(EntryProblem::Number)?;
        if price > Price::MOST { Err(EntryProblem::Implausible) } else { Ok((kind, above, price)) }
    };
    known.map(price).collect()
}

/// The place of the price of a kind of token.
type Kind = fn(&mut PriceWords) -> &mut Option<Price>;

const KINDS: [(&str, Kind); 6] = [
    ("input_cost_per_token", |words| &mut words.input),
    ("output_cost_per_token", |words| &mut words.output),
    ("cache_read_input_token_cost", |words| &mut words.cache_read),
    ("cache_creation_input_token_cost", |words| &mut words.cache_write),
    ("cache_creation_input_token_cost_above_1hr", |words| &mut words.cache_write_1h),
    ("output_cost_per_reasoning_token", |words| &mut words.reasoning),
];

/// The kind that a field prices, and the threshold of context. Other suffixes (`_priority`, `_flex`, …) are not tiers.
fn field(name: &str) -> Option<(Kind, u64)> {
    let (name, thousands) = match name.strip_suffix("k_tokens").and_then(|rest| rest.rsplit_once("_above_")) {
        Some((name, digits)) if digits.bytes().all(|digit| digit.is_ascii_digit()) => (name, digits.parse().ok()?),
        _ => (name, 0_u64),
    };
    let above = thousands.checked_mul(1_000)?;
    KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| (*kind, above))
}

#[cfg(test)]
mod tests {
    use super::super::line;
    use super::*;

    fn entry(model: &str, prices: &[(&str, &str)]) -> TableEntry {
        TableEntry {
            model: model.to_owned(),
            provider: Some("openai".to_owned()),
            mode: Some("chat".to_owned()),
            prices: fields(prices),
            ..TableEntry::default()
        }
    }

    fn fields(prices: &[(&str, &str)]) -> PriceFields {
        prices.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect()
    }

    fn range(start: &str, prices: &[(&str, &str)]) -> TableRange {
        TableRange { start: Some(start.to_owned()), prices: fields(prices) }
    }

    /// The prices of the only listed entry, as a line writes them.
    fn line_of(entry: TableEntry) -> Result<Option<String>, EntryProblem> {
        let PriceTable { listed, refused } = PriceTable::read(vec![entry]);
        match refused.first() {
            Some(refused) => Err(refused.problem),
            None => Ok(listed.first().map(|listed| listed.prices.to_string())),
        }
    }

    #[test]
    fn table_context_ranges_become_tiers() {
        const READ: &str = "cache_read_input_token_cost";
        let ranges = vec![
            range("32000.0", &[(IN, "1.8e-06"), (OUT, "9e-06")]),
            range(
                "0",
                &[(IN, "1e-06"), (OUT, "5e-06"), (READ, "1e-07"), ("input_cost_per_token_above_1k_tokens", "9e-06")],
            ),
            range("131072", &[(IN, "6e-06"), (OUT, "6e-05"), (READ, "6e-07")]),
        ];
        let with = |entry: TableEntry| TableEntry { ranges: ranges.clone(), ..entry };
        let text = "in=1 out=5 read=0.1 >32k in=1.8 out=9 read=0.1 >131072 in=6 out=60 read=0.6";
        assert_eq!(line_of(with(entry("x", &[]))), Ok(Some(text.to_owned())));
        let both = with(entry("x", &[(IN, "7e-06"), (OUT, "7e-06"), ("cache_creation_input_token_cost", "2e-06")]));
        let text =
            "in=1 out=5 read=0.1 write=2 >32k in=1.8 out=9 read=0.1 write=2 >131072 in=6 out=60 read=0.6 write=2";
        assert_eq!(line_of(both), Ok(Some(text.to_owned())));
        for start in [None, Some("x".to_owned()), Some("-1".to_owned())] {
            let ranges = vec![TableRange { start, prices: fields(&[(IN, "1e-06"), (OUT, "1e-06")]) }];
            assert_eq!(line_of(TableEntry { ranges, ..entry("x", &[]) }), Err(EntryProblem::Range));
        }
        let late = TableEntry { ranges: vec![range("1", &[(IN, "1e-06"), (OUT, "1e-06")])], ..entry("x", &[]) };
        assert_eq!(line_of(late), Ok(None), "without a first range there is no base price");
    }

    #[test]
    fn table_off_peak_prices_have_hours() {
        let off_peak = |prices: &[(&str, &str)], hours: &str| {
            Some(TableOffPeak { hours: vec![hours.to_owned()], prices: fields(prices), ..TableOffPeak::default() })
        };
        let with = |off_peak| TableEntry { off_peak, ..entry("x", &[(IN, "4e-06"), (OUT, "8e-06")]) };
        let table = [
            (off_peak(&[(IN, "2e-06")], "22:00-06:00"), Ok("in=4 out=8 ~1234567/00:00-06:00,22:00-24:00 in=2 out=8")),
            (off_peak(&[], "22:00-06:00"), Ok("in=4 out=8")),
            (off_peak(&[(IN, "4e-06")], "22:00-06:00"), Ok("in=4 out=8")),
            (off_peak(&[(IN, "2e-06")], "always"), Ok("in=4 out=8")),
            (off_peak(&[(IN, "-1")], "22:00-06:00"), Err(EntryProblem::Number)),
            (off_peak(&[(IN, "1")], "22:00-06:00"), Err(EntryProblem::Implausible)),
        ];
        for (off_peak, expected) in table {
            assert_eq!(line_of(with(off_peak.clone())), expected.map(|text| Some(text.to_owned())), "{off_peak:?}");
        }
    }

    const IN: &str = "input_cost_per_token";
    const OUT: &str = "output_cost_per_token";

    #[test]
    fn table_every_used_field_is_read_exactly() {
        let fields = [
            (IN, "3e-06"),
            (OUT, "0.000015"),
            ("cache_read_input_token_cost", "3.0000000000000004e-07"),
            ("cache_creation_input_token_cost", "3.75e-06"),
            ("cache_creation_input_token_cost_above_1hr", "6E-6"),
            ("output_cost_per_reasoning_token", "2e-05"),
            ("input_cost_per_token_above_200k_tokens", "6e-06"),
            ("cache_creation_input_token_cost_above_1hr_above_200k_tokens", "1.2e-05"),
            ("output_cost_per_token_above_1000k_tokens", "3e-05"),
            ("input_cost_per_token_priority", "9"),
            ("input_cost_per_token_above_200k_tokens_priority", "9"),
            ("input_cost_per_token_above_xk_tokens", "9"),
            ("input_cost_per_audio_token", "9"),
        ];
        let text = "in=3 out=15 read=0.3 write=3.75 write1h=6 think=20 >200k in=6 write1h=12 >1000k out=30";
        let prices = line::prices(text).expect("prices");
        let read = PriceTable::read(vec![entry("GPT-9", &fields)]);
        let (model, provider) = (ModelName::trusted("gpt-9"), Provider::trusted("openai"));
        assert_eq!(read, PriceTable { listed: vec![ListedPrice { model, provider, prices }], refused: vec![] });
    }

    #[test]
    fn table_entry_without_text_prices_is_skipped() {
        let good = [(IN, "1e-6"), (OUT, "1e-6")];
        let other = |mode: Option<&str>| TableEntry { mode: mode.map(str::to_owned), ..entry("x", &good) };
        let table = [
            ("another mode", other(Some("embedding")), false),
            ("no mode", other(None), false),
            ("a completion", other(Some("completion")), true),
            ("responses", other(Some("responses")), true),
            ("no output", entry("x", &[(IN, "1e-6")]), false),
            ("no input", entry("x", &[(OUT, "1e-6")]), false),
            ("only a tier", entry("x", &[("input_cost_per_token_above_1k_tokens", "1e-6"), (OUT, "1e-6")]), false),
            ("zeros", entry("x", &[(IN, "0"), (OUT, "0.0")]), false),
            (
                "zeros below a price",
                entry("x", &[(IN, "0"), (OUT, "0"), ("cache_read_input_token_cost", "1e-9")]),
                true,
            ),
            (
                "zeros that the maker means",
                TableEntry { provider: Some("zai".to_owned()), ..entry("zai/glm-4.7-flash", &[(IN, "0"), (OUT, "0")]) },
                true,
            ),
        ];
        for (case, entry, is_listed) in table {
            let read = PriceTable::read(vec![entry]);
            assert_eq!((read.listed.len(), read.refused.len()), (usize::from(is_listed), 0), "{case}");
        }
    }

    #[test]
    fn table_implausible_entry_is_refused_with_reason() {
        let price = |value: &str| entry("x", &[(IN, value), (OUT, "1e-6")]);
        let good = [(IN, "1e-6"), (OUT, "1e-6")];
        let unreadable = TableEntry { prices: vec![(IN.to_owned(), None)], ..entry("x", &[]) };
        let table = [
            (price("-1e-6"), Some(EntryProblem::Number)),
            (price("NaN"), Some(EntryProblem::Number)),
            (price("free"), Some(EntryProblem::Number)),
            (unreadable, Some(EntryProblem::Number)),
            (price("0.001"), None),
            (price("0.001000000000001"), Some(EntryProblem::Implausible)),
            (price("1e30"), Some(EntryProblem::Number)),
            (entry("two words", &good), Some(EntryProblem::Name)),
            (entry("", &good), Some(EntryProblem::Name)),
            (entry(&"x".repeat(201), &good), Some(EntryProblem::Name)),
            (TableEntry { provider: None, ..entry("x", &good) }, Some(EntryProblem::Name)),
        ];
        for (entry, problem) in table {
            let read = PriceTable::read(vec![entry.clone()]);
            assert_eq!(read.refused.first().map(|refused| refused.problem), problem, "{entry:?}");
            assert_eq!(read.listed.is_empty(), problem.is_some(), "{entry:?}");
        }
    }

    #[test]
    fn table_names_differing_in_case_last_one_counts() {
        let entries = [("gpt-9", "2e-6"), ("GPT-9", "1e-6")];
        let read = PriceTable::read(entries.map(|(model, price)| entry(model, &[(IN, price), (OUT, price)])).into());
        let prices: Vec<_> = read.listed.iter().map(|listed| listed.prices.to_string()).collect();
        assert_eq!(prices, ["in=2 out=2"]);
    }
}
