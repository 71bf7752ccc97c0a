//! Looks a name up in the tables: at the seller that the client or the name states, or over all sellers.

use std::collections::BTreeSet;

use super::aliases::alias;
use super::book::{ListedForm, Listing, PriceBook};
use super::history::{History, PricedModel};
use super::makers::{CacheWrites, is_local, seller};
use super::names::{NameForm, NameStep, each_group, stated_provider};
use crate::usage::{ModelName, Provider};

/// A listing with the form that matched.
#[derive(Debug, Clone, Copy)]
struct Hit<'a> {
    listing: &'a Listing,
    form: &'a ListedForm,
}

/// The listings that a form of the requested name matches.
struct Found<'a> {
    /// The step that made the form of the requested name.
    requested: NameStep,
    form: String,
    hits: Vec<Hit<'a>>,
}

/// The result of looking a name up in the tables.
pub(super) struct Resolution<'a> {
    pub(super) model: Option<PricedModel<'a>>,
    /// The form that matched; `None` if no table lists the name.
    pub(super) form: Option<String>,
}

impl PriceBook {
    pub(super) fn resolve(&self, model: &ModelName, provider: Option<&Provider>) -> Resolution<'_> {
        let name = model.as_str();
        let named = provider.map(|provider| (provider.as_str(), name));
        // The table lists some models with the provider in the name, besides those without.
        let stated = stated_provider(name).map(|(provider, rest)| [(provider, name), (provider, rest)]);
        for (provider, model) in named.into_iter().chain(stated.into_iter().flatten()) {
            let sold = self.sold_by(model, provider);
            if sold.is_some() || is_local(provider) {
                let (form, model) = sold.unzip();
                return Resolution { model, form };
            }
        }
        self.sold_by_any(name)
    }

    /// The form and prices of `model` at the seller that a client calls `provider`; `None` if its rows leave a doubt.
    fn sold_by(&self, model: &str, provider: &str) -> Option<(String, PricedModel<'_>)> {
        let seller = seller(provider);
        let found = each_group(model, |forms| {
            let mut found = forms.iter().flat_map(|form| self.look_up(form));
            found.find(|found| found.hits.iter().any(|hit| *hit.listing.seller == *seller))
        })?;
        let hits = of_seller(&found.hits, seller);
        // A seller can have several names in the table (`azure`, `azure_ai`): the given one precedes.
        let named: Vec<Hit<'_>> = hits.iter().filter(|hit| *hit.listing.provider == *provider).copied().collect();
        let sold = sold(if named.is_empty() { &hits } else { &named })?;
        sold.is_never_in_doubt().then_some((found.form, sold))
    }

    /// The result over all sellers for the requested `name`.
    fn sold_by_any(&self, name: &str) -> Resolution<'_> {
        let mut first_form = None;
        let settled = each_group(name, |forms| {
            let found: Vec<Found<'_>> = forms.iter().flat_map(|form| self.look_up(form)).collect();
            let own = found.iter().find_map(|found| Some((found.form.clone(), own_price(found)?)));
            let resold = || found.iter().find_map(|found| Some((found.form.clone(), resold_price(&found.hits)?)));
            // A disagreement of resellers is not settled by sellers of a shorter name's model.
            let settled = if first_form.is_none() { own.or_else(resold) } else { own };
            first_form = first_form.take().or_else(|| found.first().map(|found| found.form.clone()));
            settled
        });
        match settled {
            Some((form, model)) => Resolution { model: Some(model), form: Some(form) },
            None => Resolution { model: None, form: first_form },
        }
    }

    /// The listings that match `form` by its step or an earlier one. Those of its alias come first.
    fn look_up<'a>(&'a self, (step, form): &NameForm<'_>) -> impl Iterator<Item = Found<'a>> {
        let requested = *step;
        let alias = alias(form).filter(|_| requested > NameStep::Exact);
        let names = [alias.map(str::to_owned), Some(form.clone().into_owned())];
        names.into_iter().flatten().filter_map(move |form| {
            let listed = self.forms.get(&*form)?.iter().filter(|listed| listed.step <= requested);
            let hits: Vec<Hit<'a>> =
                listed.filter_map(|form| Some(Hit { listing: self.listings.get(form.place)?, form })).collect();
            (!hits.is_empty()).then_some(Found { requested, form, hits })
        })
    }
}

/// The most specific `hits` of one seller.
fn of_seller<'a>(hits: &[Hit<'a>], seller: &str) -> Vec<Hit<'a>> {
    nearest(hits.iter().filter(|hit| *hit.listing.seller == *seller).copied().collect())
}

/// The `hits` whose names lost least.
fn nearest(mut hits: Vec<Hit<'_>>) -> Vec<Hit<'_>> {
    let least = hits.iter().map(|hit| hit.form.distance).min();
    hits.retain(|hit| Some(hit.form.distance) == least);
    hits
}

/// The prices on which `hits` of one seller agree.
fn sold<'a>(hits: &[Hit<'a>]) -> Option<PricedModel<'a>> {
    let histories: Vec<&History> = hits.iter().map(|hit| &hit.listing.history).collect();
    PricedModel::sold(&histories, cache_writes(hits))
}

/// The maker's rule for cache writes. Names with a common form have one maker.
fn cache_writes(hits: &[Hit<'_>]) -> CacheWrites {
    let maker = hits.first().and_then(|hit| hit.listing.maker);
    maker.map_or(CacheWrites::AsInput, |maker| maker.cache_writes)
}

/// The price of a name that is a seller's own, or that the maker sells. A bare name is its only seller's own if its maker is
/// unknown.
fn own_price<'a>(found: &Found<'a>) -> Option<PricedModel<'a>> {
    let maker = found.hits.first()?.listing.maker;
    let is_bare_own = |hit: &Hit<'_>| maker.is_none() && found.requested.max(hit.form.step) <= NameStep::Written;
    let is_own = |hit: &&Hit<'_>| hit.form.is_sellers_own || is_bare_own(hit);
    let own = nearest(found.hits.iter().filter(is_own).copied().collect());
    if !own.is_empty() {
        return sold(&own);
    }
    let sellers = maker.into_iter().flat_map(|maker| maker.sellers);
    let of_maker = sellers.map(|own| of_seller(&found.hits, own)).find(|hits| !hits.is_empty())?;
    sold(&of_maker)
}

/// The price on which all sellers of `hits` agree, at least two.
fn resold_price<'a>(hits: &[Hit<'a>]) -> Option<PricedModel<'a>> {
    let sellers: BTreeSet<&str> = hits.iter().map(|hit| &*hit.listing.seller).collect();
    let histories: Vec<History> = sellers
        .iter()
        .map(|seller| {
            let histories: Vec<&History> = of_seller(hits, seller).iter().map(|hit| &hit.listing.history).collect();
            History::agreed(&histories, 1)
        })
        .collect();
    PricedModel::resold(&histories.iter().collect::<Vec<_>>(), cache_writes(hits))
}
