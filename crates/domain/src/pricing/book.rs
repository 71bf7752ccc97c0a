//! The price book: effective-dated rows, found by the name of a model.

use std::collections::HashMap;
use std::iter::successors;
use std::sync::{Arc, LazyLock};

use super::aliases::alias;
use super::history::{History, PricedModel};
use super::line::{self, PriceRow};
use super::makers::{CacheWrites, Maker, is_free, maker_of, seller};
use super::names::{NameStep, listed_forms, plainest, plainest_listed};
use super::price_override::PriceOverride;
use crate::usage::{ModelName, Provider};

/// The shipped rows; see `assets/price-book.README.md`.
const SHIPPED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/price-book.txt"));

/// All known prices with their effective dates.
#[derive(Debug, Default)]
pub struct PriceBook {
    pub(super) listings: Vec<Listing>,
    /// All forms of each listed name.
    pub(super) forms: HashMap<Box<str>, Vec<ListedForm>>,
    /// The decisions of administrators, by exact name and for a provider or any.
    overrides: HashMap<ModelName, HashMap<Option<Provider>, History>>,
}

/// A form of the name of a listing.
#[derive(Debug)]
pub(super) struct ListedForm {
    pub(super) step: NameStep,
    /// The number of more specific forms of the name.
    pub(super) distance: usize,
    /// Whether the form is the seller's own spelling, which names the seller or place.
    pub(super) is_sellers_own: bool,
    pub(super) place: usize,
}

/// A model at a provider.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) provider: Box<str>,
    pub(super) seller: Box<str>,
    pub(super) maker: Option<&'static Maker>,
    pub(super) history: History,
}

impl PriceBook {
    /// The shipped book, read once.
    pub fn shipped() -> &'static Arc<Self> {
        static BOOK: LazyLock<Arc<PriceBook>> = LazyLock::new(|| Arc::new(PriceBook::shipped_with(Vec::new())));
        &BOOK
    }

    /// The shipped book with `rows`, which replace shipped rows of the same model, provider and instant.
    pub fn shipped_with(rows: Vec<PriceRow>) -> Self {
        Self::new(Self::shipped_rows().chain(rows))
    }

    pub fn shipped_rows() -> impl Iterator<Item = PriceRow> {
        // A test reads every shipped line, so none is skipped here.
        line::rows(SHIPPED).filter_map(Result::ok)
    }

    /// Adds `overrides`, in the order of the decisions. They precede the tables: each for exactly its name, from its instant on.
    /// A price of zero is meant here.
    #[must_use]
    pub fn with_overrides(mut self, overrides: impl IntoIterator<Item = PriceOverride>) -> Self {
        for PriceOverride { model, provider, valid_from, prices } in overrides {
            self.overrides.entry(model).or_default().entry(provider).or_default().decide(valid_from, prices);
        }
        self
    }

    /// A book of `rows` in any order of time. Of several rows for the same model, provider and instant, the last one counts. A
    /// row of zeros is a gap in the table and is skipped, unless the maker documents the model as free.
    pub fn new(rows: impl IntoIterator<Item = PriceRow>) -> Self {
        let mut book = Self::default();
        let mut places: HashMap<(ModelName, Provider), usize> = HashMap::new();
        for row in rows {
            let (model, provider) = (row.model.as_str(), row.provider.as_str());
            if row.prices.are_zero() && !is_free(provider, model) {
                continue;
            }
            let place =
                places.entry((row.model.clone(), row.provider.clone())).or_insert_with(|| book.list(model, provider));
            if let Some(listing) = book.listings.get_mut(*place) {
                listing.history.add(row.valid_from, row.prices);
            }
        }
        book
    }

    /// Adds a listing without prices; returns its place.
    fn list(&mut self, model: &str, provider: &str) -> usize {
        let place = self.listings.len();
        let forms = listed_forms(model);
        let bare = forms.iter().filter(|(step, _)| *step <= NameStep::Region).map(|(_, form)| form.clone()).next_back();
        self.listings.push(Listing {
            provider: provider.into(),
            seller: seller(provider).into(),
            maker: bare.as_deref().and_then(maker_of),
            history: History::default(),
        });
        // After a path, the interface version is removed later.
        let last_whole = if model.contains('/') { NameStep::Written } else { NameStep::Version };
        for (distance, (step, form)) in forms.into_iter().enumerate() {
            let is_sellers_own = step <= last_whole && bare.as_ref() != Some(&form);
            let found = self.forms.entry(form.into()).or_default();
            if found.last().is_none_or(|last| last.place != place) {
                found.push(ListedForm { step, distance, is_sellers_own, place });
            }
        }
        place
    }

    /// The prices of the model that a tool calls `model`; `None` if the name has no single model or price.
    ///
    /// A provider that is given, or stated by the name, determines the prices if it sells a model of that name. Otherwise the
    /// first group of forms ([`each_group`]) decides in which the name is a seller's own or the maker sells it. In the first
    /// group with any match, the agreement of at least two resellers decides too. Work is bounded by the length of the name;
    /// callers resolve once per batch.
    ///
    /// An override for exactly this name precedes all of that.
    pub fn find(&self, model: &ModelName, provider: Option<&Provider>) -> Option<PricedModel<'_>> {
        let listed = self.resolve(model, provider).model;
        let Some(decided) = self.overrides.get(model) else { return listed };
        let here = provider.and_then(|_| decided.get(&provider.cloned()));
        let decided = [here, decided.get(&None)];
        listed.map(|listed| listed.overridden(decided)).or_else(|| {
            let maker = maker_of(&plainest(model.as_str()));
            PricedModel::decided(decided, maker.map_or(CacheWrites::AsInput, |maker| maker.cache_writes))
        })
    }

    /// The canonical name of the model that a tool calls `model`: the name in the tables without marks of clients, sellers and
    /// dates, or its own without them if no table lists it. Models are counted by it, priced or not. It is its own canonical
    /// name.
    pub fn canonical(&self, model: &ModelName, provider: Option<&Provider>) -> ModelName {
        /// A part of one seller's name can be a mark elsewhere, so a pass may uncover work for another. Far fewer passes
        /// suffice.
        const MAX_PASSES: usize = 16;
        let first = self.listed_name(model, provider);
        let passes = successors(Some(first), |name| Some(self.listed_name(name, None)).filter(|next| next != name));
        passes.take(MAX_PASSES).last().unwrap_or_else(|| model.clone())
    }

    /// The name under which `provider`, or any other seller, lists `model`, without dates and in one spelling.
    fn listed_name(&self, model: &ModelName, provider: Option<&Provider>) -> ModelName {
        let form = self.resolve(model, provider).form;
        let plain = form.map_or_else(|| plainest(model.as_str()), |form| plainest_listed(&form));
        // A seller's undated name can be an alias too.
        ModelName::trusted(alias(&plain).map_or(plain.clone(), plainest_listed))
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
