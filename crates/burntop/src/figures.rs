//! Sums of usage with their cost, by the rules of the domain.

use std::collections::{BTreeSet, HashMap};
use std::ops::AddAssign;
use std::rc::Rc;

use domain::clock::Clock;
use domain::days::Zone;
use domain::money::Usd;
use domain::pricing::{Cost, PriceBook, PricedModel};
use domain::streaks::Streak;
use domain::usage::{ModelName, Provider, TokenCounts};
use serde::{Serialize, Serializer};
use time::{Date, OffsetDateTime};

use crate::clock::{self, SystemClock};
use crate::failure::Failure;
use crate::output::note;
use crate::store::{ModelUse, Store, UsageRow};

/// The sums of some responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Figures {
    pub(crate) responses: u64,
    pub(crate) tokens: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) cache_read_tokens: u64,
    pub(crate) cache_write_tokens: u64,
    /// A part of the output.
    pub(crate) reasoning_tokens: u64,
    #[serde(serialize_with = "usd")]
    pub(crate) cost: Usd,
    /// Whether a part of the cost follows from a rule, not from a listed price.
    pub(crate) is_estimated: bool,
    /// Tokens of models without a price; their cost is unknown, not zero.
    pub(crate) unpriced_tokens: u64,
    /// Responses whose end the tool did not log.
    pub(crate) unfinished_responses: u64,
}

impl Figures {
    /// The figures of one response.
    fn of(row: &UsageRow, cost: Cost) -> Self {
        let tokens = token_counts(row);
        Self {
            responses: 1,
            tokens: tokens.total(),
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            cache_read_tokens: tokens.cache_read,
            cache_write_tokens: tokens.cache_write,
            reasoning_tokens: tokens.counted_reasoning(),
            cost: cost.amount().unwrap_or(Usd::ZERO),
            is_estimated: matches!(cost, Cost::Estimated(_)),
            unpriced_tokens: if cost == Cost::Unpriced { tokens.total() } else { 0 },
            unfinished_responses: u64::from(row.is_incomplete),
        }
    }

    /// The cost for people: an estimate has `~` before it, and a part without a price `+ ?` after it.
    pub(crate) fn shown_cost(&self) -> String {
        let estimate = if self.is_estimated { "~" } else { "" };
        match (self.unpriced_tokens, self.cost == Usd::ZERO) {
            (0, _) => format!("{estimate}{}", self.cost.cents()),
            (_, true) => "?".to_owned(),
            (_, false) => format!("{estimate}{} + ?", self.cost.cents()),
        }
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.responses += other.responses;
        self.tokens += other.tokens;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cache_read_tokens += other.cache_read_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.cost = self.cost + other.cost;
        self.is_estimated |= other.is_estimated;
        self.unpriced_tokens += other.unpriced_tokens;
        self.unfinished_responses += other.unfinished_responses;
    }
}

/// An amount as a JSON number with six decimals, as in the server's API.
pub(crate) fn usd<S: Serializer>(amount: &Usd, serializer: S) -> Result<S::Ok, S::Error> {
    let number = serde_json::value::RawValue::from_string(amount.rounded()).map_err(serde::ser::Error::custom)?;
    number.serialize(serializer)
}

fn token_counts(row: &UsageRow) -> TokenCounts {
    let tokens = row.tokens;
    TokenCounts {
        input: tokens.input,
        output: tokens.output,
        cache_read: tokens.cache_read,
        cache_write: tokens.cache_write,
        cache_write_1h: tokens.cache_write_1h,
        reasoning: tokens.reasoning,
        reasoning_in_output: true,
    }
}

/// Prices responses by the shipped book, each at its own time. Each model is looked up once.
pub(crate) struct Pricer {
    book: &'static PriceBook,
    found: HashMap<ModelUse, Option<Rc<PricedModel<'static>>>>,
    /// The model of the response before, which is mostly that of the next one.
    latest: Option<(ModelUse, Option<Rc<PricedModel<'static>>>)>,
}

impl Pricer {
    pub(crate) fn new() -> Self {
        Self { book: PriceBook::shipped(), found: HashMap::new(), latest: None }
    }

    pub(crate) fn figures(&mut self, row: &UsageRow) -> Figures {
        let tokens = token_counts(row);
        if tokens.is_empty() {
            return Figures::of(row, Cost::Priced(Usd::ZERO));
        }
        if self.latest.as_ref().is_none_or(|(latest, _)| *latest != row.model) {
            let book = self.book;
            let model = self.found.entry(row.model.clone()).or_insert_with(|| look_up(book, &row.model).map(Rc::new));
            self.latest = Some((row.model.clone(), model.clone()));
        }
        let model = self.latest.as_ref().and_then(|(_, model)| model.as_ref());
        Figures::of(row, model.map_or(Cost::Unpriced, |model| model.cost(&tokens, row.at)))
    }
}

fn look_up(book: &'static PriceBook, model: &ModelUse) -> Option<PricedModel<'static>> {
    let provider = model.provider.as_deref().and_then(Provider::parse);
    book.find(&ModelName::parse(&model.model)?, provider.as_ref())
}

/// The local calendar of this machine at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Today {
    pub(crate) zone: Zone,
    pub(crate) now: OffsetDateTime,
    pub(crate) date: Date,
}

impl Today {
    /// Today, with a warning on standard error if `TZ` is wrong.
    pub(crate) fn new() -> Self {
        let (zone, warning) = clock::zone();
        if let Some(warning) = warning {
            note(format_args!("warning: {warning}"));
        }
        Self::in_zone(zone)
    }

    pub(crate) fn in_zone(zone: Zone) -> Self {
        let now = SystemClock.now();
        Self { date: zone.date(now), zone, now }
    }

    /// The first instant of the local `date`.
    pub(crate) fn start_of(&self, date: Date) -> OffsetDateTime {
        self.zone.instant(date, 0)
    }

    /// The streak of this machine.
    pub(crate) fn streak(&self, store: &Store) -> Result<Streak, Failure> {
        Ok(Streak::of(&self.active_days(store)?, self.date))
    }

    /// The local dates with usage.
    pub(crate) fn active_days(&self, store: &Store) -> Result<BTreeSet<Date>, Failure> {
        Ok(store.active_quarters()?.into_iter().map(|instant| self.zone.date(instant)).collect())
    }
}
