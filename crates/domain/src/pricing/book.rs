//! The price book: effective-dated rows, found by a model's name.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::aliases::alias;
use super::history::{History, PricedModel};
use super::line::{self, PriceRow};
use super::makers::{CacheWrites, Maker, is_free, is_local, maker_of, seller};
use super::names::{Step, each_form, plainest};
use super::overrides::Override;
use crate::usage::{ModelName, Provider};

/// The rows that are compiled in; see `assets/price-book.README.md`.
const SHIPPED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/price-book.txt"));

/// All prices that are known, and since when.
#[derive(Debug, Default)]
pub struct PriceBook {
    listings: Vec<Listing>,
    /// Every form of every listed model's name, with the step that makes it and the listing.
    forms: HashMap<Box<str>, Vec<(Step, usize)>>,
    /// What administrators decided, by the exact name and for a provider or any.
    overrides: HashMap<ModelName, HashMap<Option<Provider>, History>>,
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
        Self::new(Self::shipped_rows().chain(rows))
    }

    /// The rows that are compiled in.
    pub fn shipped_rows() -> impl Iterator<Item = PriceRow> {
        // A test reads every shipped line, so none is skipped here.
        line::rows(SHIPPED).filter_map(Result::ok)
    }

    /// The same book, where `overrides`, in the order in which they were decided, come before whatever a table says: each for
    /// exactly its name, from its instant on. Prices of zero are meant here.
    #[must_use]
    pub fn with_overrides(mut self, overrides: impl IntoIterator<Item = Override>) -> Self {
        for Override { model, provider, valid_from, prices } in overrides {
            self.overrides.entry(model).or_default().entry(provider).or_default().decide(valid_from, prices);
        }
        self
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
    ///
    /// What administrators decided for exactly this name comes before all of that.
    pub fn find(&self, model: &ModelName, provider: Option<&Provider>) -> Option<PricedModel<'_>> {
        let listed = self.find_listed(model, provider);
        let Some(decided) = self.overrides.get(model) else { return listed };
        let here = provider.and_then(|_| decided.get(&provider.cloned()));
        let decided = [here, decided.get(&None)];
        listed.map(|listed| listed.overridden(decided)).or_else(|| {
            let maker = maker_of(&plainest(model.as_str()));
            PricedModel::decided(decided, maker.map_or(CacheWrites::AsInput, |maker| maker.cache_writes))
        })
    }

    /// What the tables say of `model`.
    fn find_listed(&self, model: &ModelName, provider: Option<&Provider>) -> Option<PricedModel<'_>> {
        if let Some(provider) = provider {
            let of_named = self.find_at(model.as_str(), provider.as_str());
            if of_named.is_some() || is_local(provider.as_str()) {
                return of_named;
            }
        }
        self.find_among(model.as_str(), |_| true)
    }

    /// The prices of `model` at the seller that a client calls `provider`; `None` where its rows leave any doubt.
    fn find_at(&self, model: &str, provider: &str) -> Option<PricedModel<'_>> {
        let named = seller(provider);
        let sells = |listing: &Listing| *listing.seller == *named;
        // The table writes most models as `provider/model`; regions of a cloud have further segments and other prices.
        let written = [provider, named].map(|provider| format!("{provider}/{model}"));
        let exact = written.iter().find_map(|name| settle(&self.hits(Step::Exact, name, sells)));
        exact.or_else(|| self.find_among(model, sells)).filter(PricedModel::is_never_in_doubt)
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

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::super::aliases::ALIASES;
    use super::*;
    use crate::usage::TokenCounts;

    const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);
    const MILLION_INPUT: TokenCounts = TokenCounts {
        input: 1_000_000,
        output: 0,
        cache_read: 0,
        cache_write: 0,
        cache_write_1h: 0,
        reasoning: 0,
        reasoning_in_output: false,
    };

    /// A book with these models, each (name, provider, input price per million).
    fn book(models: &[(&str, &str, u32)]) -> PriceBook {
        let line =
            |(name, provider, price): &(&str, &str, u32)| format!("{name} {provider} 2026-01-01 in={price} out=0\n");
        let text: String = models.iter().map(line).collect();
        PriceBook::new(line::rows(&text).map(|row| row.expect("a good line")))
    }

    /// What a million input tokens of a model cost by `book`, in dollars; `None` without a price.
    fn price(book: &PriceBook, model: &str, provider: &str) -> Option<String> {
        let model = book.find(&ModelName::parse(model)?, Provider::parse(provider).as_ref())?;
        model.cost(&MILLION_INPUT, NOW).amount().map(|amount| amount.to_string())
    }

    /// Checks (asked name, named provider, price).
    fn check(book: &PriceBook, table: &[(&str, &str, Option<&str>)]) {
        for (model, provider, expected) in table {
            assert_eq!(price(book, model, provider).as_deref(), *expected, "{model} {provider}");
        }
    }

    #[test]
    fn names_are_tried_from_the_exact_one_to_the_plainest() {
        let book = book(&[
            ("gpt-5-high", "openai", 1),
            ("gpt-5", "openai", 2),
            ("openrouter/openai/gpt-5.5-20260101", "openrouter", 3),
            ("us.amazon.nova-9-v1:0", "bedrock", 4),
        ]);
        let table = [
            ("gpt-5-high", "", Some("1")),
            ("openai/gpt-5-high", "", Some("1")),
            ("gpt-5", "", Some("2")),
            ("gpt-5-20250807", "", None),
            ("gpt-5.5", "", Some("3")),
            ("gpt-5-5-20260202-low[1m]", "", Some("3")),
            ("nova-9", "", Some("4")),
            ("eu.amazon.nova-9-v1:0", "", Some("4")),
            ("gpt-55", "", None),
            ("gpt", "", None),
            ("gpt-5-turbo", "", None),
        ];
        check(&book, &table);
    }

    #[test]
    fn an_alias_leads_to_the_book_s_name_also_below_affixes() {
        let models = [("claude-sonnet-4-5", "anthropic", 3), ("replicate/anthropic/claude-4.5-sonnet", "replicate", 9)];
        let book = book(&models);
        let table = [
            ("claude-4.5-sonnet", "", Some("3")),
            ("anthropic/claude-4.5-sonnet-thinking", "", Some("3")),
            ("claude-4.5-sonnet", "replicate", Some("9")),
            ("replicate/anthropic/claude-4.5-sonnet", "", Some("9")),
        ];
        check(&book, &table);
    }

    #[test]
    fn an_exact_name_comes_before_an_alias() {
        let book = book(&[("claude-sonnet-4-20250514", "anthropic", 3), ("claude-sonnet-4", "somebody", 9)]);
        check(&book, &[("claude-sonnet-4", "", Some("9")), ("x/claude-sonnet-4", "", Some("3"))]);
    }

    #[test]
    fn among_several_the_named_provider_then_the_maker_s_own_wins() {
        let book = book(&[
            ("openrouter/x-ai/grok-4", "openrouter", 1),
            ("xai/grok-4", "xai", 2),
            ("oci/xai.grok-4", "oci", 3),
            ("azure/eu/grok-4", "azure", 4),
            ("azure_ai/grok-4", "azure_ai", 5),
        ]);
        let table = [
            ("grok-4", "", Some("2")),
            ("grok-4", "x-ai", Some("2")),
            ("grok-4", "openrouter", Some("1")),
            ("grok-4", "oci", Some("3")),
            ("grok-4", "azure", Some("2")),
            ("grok-4", "somebody", Some("2")),
            ("grok-4", "ollama", None),
        ];
        check(&book, &table);
    }

    #[test]
    fn a_named_provider_s_regions_do_not_blur_its_own_price() {
        let text = "azure/gpt-5 azure 2026-01-01 in=1 out=0\nazure/eu/gpt-5 azure 2026-01-01 in=2 out=0\n\
                    azure/eu/gpt-6 azure 2026-01-01 in=3 out=0\nazure/us/gpt-6 azure 2026-02-01 in=4 out=0\n\
                    azure_ai/grok-4 azure_ai 2026-01-01 in=5 out=0\nazure/us/grok-4 azure 2026-01-01 in=6 out=0\n\
                    gpt-6 openai 2026-01-01 in=7 out=0\n";
        let book = PriceBook::new(line::rows(text).map(|row| row.expect("a good line")));
        let table = [
            ("gpt-5", "azure", Some("1")),
            ("gpt-6", "azure", Some("7")),
            ("grok-4", "azure_ai", Some("5")),
            ("us/grok-4", "azure", Some("6")),
        ];
        check(&book, &table);
    }

    #[test]
    fn a_maker_s_preferred_seller_counts_first() {
        let book = book(&[
            ("vertex_ai/gemini-9", "vertex_ai", 1),
            ("gemini/gemini-9", "gemini", 2),
            ("oci/gemini-9", "oci", 3),
        ]);
        check(&book, &[("gemini-9", "", Some("2")), ("gemini-9", "google-vertex", Some("1"))]);
    }

    #[test]
    fn without_the_maker_all_sellers_must_agree() {
        let book = book(&[
            ("groq/gpt-oss", "groq", 1),
            ("novita/gpt-oss", "novita", 1),
            ("groq/unknown-1", "groq", 1),
            ("novita/unknown-1", "novita", 2),
        ]);
        let table = [
            ("gpt-oss", "", Some("1")),
            ("unknown-1", "", None),
            ("unknown-1", "novita", Some("2")),
            ("groq/unknown-1", "", Some("1")),
        ];
        check(&book, &table);
    }

    #[test]
    fn a_disagreement_is_not_settled_by_a_later_step() {
        let book = book(&[("a/kimi-9", "a", 1), ("b/kimi-9", "b", 2), ("moonshot/kimi-9-thinking", "moonshot", 3)]);
        check(&book, &[("kimi-9", "", None), ("kimi-9-thinking", "", Some("3"))]);
    }

    #[test]
    fn anthropic_s_cache_writes_are_surcharged_whoever_sells_them() {
        let models = [("openrouter/anthropic/claude-9", "openrouter", 4), ("groq/llama-9", "groq", 4)];
        let book = book(&models);
        let tokens = TokenCounts { cache_write: 2_000_000, cache_write_1h: 1_000_000, ..TokenCounts::default() };
        let cost = |name| {
            book.find(&ModelName::trusted(name), None)
                .map(|model| model.cost(&tokens, NOW).amount().map(|usd| usd.to_string()))
        };
        assert_eq!(cost("claude-9"), Some(Some("13".to_owned())));
        assert_eq!(cost("llama-9"), Some(Some("8".to_owned())));
    }

    #[test]
    fn a_row_of_zeros_is_a_gap_unless_the_maker_gives_the_model_away() {
        let book = book(&[("zai/glm-4.7-flash", "zai", 0), ("groq/glm-9", "groq", 0), ("novita/glm-9", "novita", 1)]);
        check(&book, &[("glm-4.7-flash", "", Some("0")), ("groq/glm-9", "", Some("1")), ("glm-9", "groq", Some("1"))]);
    }

    #[test]
    fn further_rows_add_models_and_replace_shipped_rows() {
        let text = "glm-99 zai 2026-01-01 in=7 out=7\nzai/glm-4.7 zai 2026-02-01 in=8 out=8\nzai/glm-4.6 zai 2026-11-19 in=9 out=9";
        let rows = line::rows(text).map(|row| row.expect("a good line")).collect();
        let book = PriceBook::shipped_with(rows);
        check(&book, &[("glm-99", "", Some("7")), ("glm-4.7", "", Some("8")), ("glm-4.6", "", Some("9"))]);
        check(
            PriceBook::shipped(),
            &[("glm-99", "", None), ("glm-4.7", "", Some("0.6")), ("glm-4.6", "", Some("0.6"))],
        );
    }

    #[test]
    fn an_override_is_for_exactly_its_name_and_its_provider_or_any() {
        let book = book(&[("gpt-9", "openai", 1), ("azure/gpt-9", "azure", 2)]).with_overrides([
            override_of("gpt-9", Some("azure"), "in=7 out=7"),
            override_of("house-model", None, "in=0 out=0"),
            override_of("house-model", Some("ollama"), "in=5 out=5"),
        ]);
        let table = [
            ("gpt-9", "", Some("1")),
            ("gpt-9", "openai", Some("1")),
            ("gpt-9", "azure", Some("7")),
            ("azure/gpt-9", "", Some("2")),
            ("house-model", "", Some("0")),
            ("house-model", "somebody", Some("0")),
            ("house-model", "ollama", Some("5")),
            ("house-model-high", "", None),
        ];
        check(&book, &table);
    }

    fn override_of(model: &str, provider: Option<&str>, prices: &str) -> Override {
        Override {
            model: ModelName::trusted(model),
            provider: provider.map(Provider::trusted),
            valid_from: datetime!(2026-01-01 0:00 UTC),
            prices: Some(line::prices(prices).expect("prices")),
        }
    }

    #[test]
    fn every_shipped_line_is_read_and_tells_something_new() {
        let rows: Vec<_> = line::rows(SHIPPED).collect::<Result<_, _>>().expect("every line is good");
        assert!(rows.len() > 4_000, "{}", rows.len());
        for pair in rows.windows(2) {
            let [before, row] = pair else { continue };
            let key = |row: &PriceRow| (row.model.clone(), row.provider.clone(), row.valid_from);
            assert!(key(before) < key(row), "{row:?} is out of order");
            if (&before.model, &before.provider) == (&row.model, &row.provider) {
                assert_ne!(before.prices, row.prices, "{row:?} repeats the row before");
            }
        }
        let gaps =
            rows.iter().filter(|row| row.prices.are_zero() && !is_free(row.provider.as_str(), row.model.as_str()));
        assert_eq!(gaps.count(), 0, "the script and the domain list the same free models");
    }

    #[test]
    fn every_alias_leads_to_the_maker_s_own_price() {
        let book = PriceBook::shipped();
        for (name, model) in ALIASES {
            let asked = book.find(&ModelName::trusted(name), None);
            let sold_by = |own: &&str| book.find(&ModelName::trusted(model), Provider::parse(own).as_ref());
            let own: Vec<_> = maker_of(model).into_iter().flat_map(|maker| maker.sellers).map(sold_by).collect();
            assert!(asked.is_some() && own.contains(&asked), "{name}");
        }
    }

    #[test]
    fn a_model_that_is_not_listed_has_no_price() {
        let unknown = [
            "grok-code",
            "composer-1",
            "big-pickle",
            "claude",
            "mistral",
            "gpt",
            "",
            "-",
            "/",
            ".",
            "@",
            "[1m]",
            "-high",
        ];
        for name in unknown {
            assert_eq!(PriceBook::shipped().find(&ModelName::trusted(name), None), None, "{name}");
        }
        assert_eq!(PriceBook::default().find(&ModelName::trusted("gpt-5"), None), None);
    }
}
