//! The price book: effective-dated rows, found by a model's name.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::aliases::alias;
use super::history::{History, PricedModel};
use super::line::{self, PriceRow};
use super::makers::{CacheWrites, Maker, is_free, is_local, maker_of, seller};
use super::names::{Step, each_form, plainest};
use crate::usage::{ModelName, Provider};

/// The rows that are compiled in; see `assets/price-book.README.md`.
const SHIPPED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/price-book.txt"));

/// All prices that are known, and since when.
#[derive(Debug, Default)]
pub struct PriceBook {
    listings: Vec<Listing>,
    /// Every form of every listed model's name, with the step that makes it and the listing.
    forms: HashMap<Box<str>, Vec<(Step, usize)>>,
}

/// One model at one provider.
#[derive(Debug)]
struct Listing {
    seller: Box<str>,
    maker: Option<&'static Maker>,
    history: History,
}

impl PriceBook {
    /// The book that is compiled in, read once.
    pub fn shipped() -> &'static Self {
        static BOOK: LazyLock<PriceBook> = LazyLock::new(|| PriceBook::shipped_with(Vec::new()));
        &BOOK
    }

    /// The book that is compiled in, and `rows` besides: where both have the same model, provider and instant, theirs counts.
    pub fn shipped_with(rows: Vec<PriceRow>) -> Self {
        // A test reads every shipped line, so none is skipped here.
        Self::new(line::rows(SHIPPED).filter_map(Result::ok).chain(rows))
    }

    /// A book of these rows, in any order of time; of several rows for the same model, provider and instant the last one
    /// counts. A row of zeros is a gap in a table and is left out, unless the maker documents the model as free.
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

    /// Opens a listing without prices; returns its place.
    fn list(&mut self, model: &str, provider: &str) -> usize {
        let place = self.listings.len();
        let maker = maker_of(&plainest(model));
        self.listings.push(Listing { seller: seller(provider).into(), maker, history: History::default() });
        each_form(model, |step, form| {
            let found = self.forms.entry(form.into()).or_default();
            if found.last().is_none_or(|(_, last)| *last != place) {
                found.push((step, place));
            }
            None::<()>
        });
        place
    }

    /// The prices of the model that a tool calls `model`; `None` where no one model, or no one price, has that name.
    ///
    /// Where `provider` is named and sells a model of that name, its prices count. Otherwise the first step of
    /// [`Step`] that finds the name settles it: the maker's own prices, else those on which all sellers agree. Work is
    /// bounded by the length of the name; resolve once per batch and keep the answer.
    pub fn find(&self, model: &ModelName, provider: Option<&Provider>) -> Option<PricedModel<'_>> {
        if let Some(provider) = provider {
            let named = seller(provider.as_str());
            let of_named = self.find_among(model.as_str(), |listing| *listing.seller == *named);
            if of_named.is_some() || is_local(provider.as_str()) {
                return of_named;
            }
        }
        self.find_among(model.as_str(), |_| true)
    }

    fn find_among(&self, model: &str, among: impl Fn(&Listing) -> bool) -> Option<PricedModel<'_>> {
        each_form(model, |step, form| {
            let names = [alias(form).filter(|_| step > Step::Exact), Some(form)];
            let hits =
                names.into_iter().flatten().map(|name| self.hits(step, name, &among)).find(|hits| !hits.is_empty())?;
            Some(settle(&hits))
        })
        .flatten()
    }

    /// The listings that `step`, or a step before it, makes `form` of.
    fn hits(&self, step: Step, form: &str, among: impl Fn(&Listing) -> bool) -> Vec<&Listing> {
        let made = self.forms.get(form).into_iter().flatten().filter(|(made_by, _)| *made_by <= step);
        made.filter_map(|(_, place)| self.listings.get(*place)).filter(|listing| among(listing)).collect()
    }
}

/// The prices of several listings of one name: the maker's own, else those on which all agree; `None` where they never do.
fn settle<'a>(hits: &[&'a Listing]) -> Option<PricedModel<'a>> {
    // Names with a common form have a common plainest form, so they are of one maker.
    let maker = hits.first()?.maker;
    let sold_by =
        |seller: &str| hits.iter().filter(|hit| *hit.seller == *seller).map(|hit| &hit.history).collect::<Vec<_>>();
    let own = maker.into_iter().flat_map(|maker| maker.sellers).map(|own| sold_by(own)).find(|own| !own.is_empty());
    let histories = own.unwrap_or_else(|| hits.iter().map(|hit| &hit.history).collect());
    PricedModel::agreed(&histories, maker.map_or(CacheWrites::AsInput, |maker| maker.cache_writes))
}
