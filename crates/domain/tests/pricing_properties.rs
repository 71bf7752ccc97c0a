//! Properties of prices for every message, name and book.

use std::collections::BTreeSet;

use domain::money::Usd;
use domain::pricing::names::{each_group, listed_forms, plainest, stated_provider};
use domain::pricing::{Cost, PriceBook, aliases};
use domain::usage::{ModelName, Provider, TokenCounts};
use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);
const BOOK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/price-book.txt"));

/// The names in the shipped book.
fn listed() -> impl Iterator<Item = &'static str> {
    BOOK.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(' ').next())
}

/// All forms of a requested name, with aliases.
fn forms(name: &str) -> BTreeSet<String> {
    let mut queried = BTreeSet::new();
    each_group(name, |forms| {
        queried.extend(forms.iter().map(|(_, form)| form.to_string()));
        queried.extend(forms.iter().filter_map(|(_, form)| aliases::alias(form)).map(str::to_owned));
        None::<()>
    });
    queried.extend(stated_provider(name).into_iter().flat_map(|(_, rest)| forms(rest)));
    queried
}

/// Whether a form of `queried` is a form of a listed name.
fn is_listed(queried: &BTreeSet<String>) -> bool {
    listed().any(|model| listed_forms(model).iter().any(|(_, form)| queried.contains(&**form)))
}

fn cost(model: &str, tokens: &TokenCounts) -> Option<Usd> {
    PriceBook::shipped().find(&ModelName::trusted(model), None)?.cost(tokens, NOW).amount()
}

/// A model with its threshold: contexts up to it are in one tier.
fn models() -> impl Strategy<Value = (&'static str, u64)> {
    prop_oneof![
        Just(("claude-opus-4-5", u64::MAX)),
        Just(("gpt-5.4", 272_000)),
        Just(("gemini/gemini-2.5-pro", 200_000)),
        Just(("gemini-2.5-flash", u64::MAX)),
        Just(("claude-haiku-5-5", 100_000)),
        Just(("glm-4.7", u64::MAX)),
        Just(("gpt-5-mini", u64::MAX)),
        Just(("replicate/anthropic/claude-4.5-sonnet", u64::MAX)),
    ]
}

prop_compose! {
    fn counts(most: u64)(
        input in 0..most, output in 0..most, cache_read in 0..most, cache_write in 0..most, share in 0..=100_u64,
        reasoning in 0..most, reasoning_in_output: bool,
    ) -> TokenCounts {
        let cache_write_1h = cache_write * share / 100;
        TokenCounts { input, output, cache_read, cache_write, cache_write_1h, reasoning, reasoning_in_output }
    }
}

/// The tokens of each kind as a separate message.
fn apart(all: &TokenCounts) -> [TokenCounts; 6] {
    let none = TokenCounts { reasoning_in_output: all.reasoning_in_output, ..TokenCounts::default() };
    [
        TokenCounts { input: all.input, ..none },
        TokenCounts { output: all.output, ..none },
        TokenCounts { cache_read: all.cache_read, ..none },
        TokenCounts { cache_write: all.cache_write - all.cache_write_1h, ..none },
        TokenCounts { cache_write: all.cache_write_1h, cache_write_1h: all.cache_write_1h, ..none },
        TokenCounts { reasoning: all.reasoning, ..none },
    ]
}

/// Names made of the parts that the normalisation removes.
fn pieced_names() -> impl Strategy<Value = String> {
    let pieces = [
        "claude",
        "sonnet",
        "gpt",
        "5",
        "4.5",
        "-",
        "-",
        ".",
        "/",
        "us.",
        "anthropic.",
        "anthropic/",
        "openai/",
        "-v1:0",
        "@20250929",
        "[1m]",
        "-thinking",
        "-xhigh",
        " (max)",
        "anthropic:",
        "antigravity-",
        "aws.",
        "claude-",
        "opus",
        "-v1",
        "@20250929",
        "-high",
        "-20250929",
        "-latest",
        "mini",
        "o3",
        "glm",
        "4.7",
        "ü",
        " ",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 1..12).prop_map(|pieces| pieces.concat())
}

fn listed_names() -> impl Strategy<Value = String> {
    prop::sample::select(listed().map(str::to_owned).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn cost_within_one_tier_is_sum_of_kinds((model, threshold) in models(), tokens in counts(30_000)) {
        prop_assume!(tokens.context() <= threshold);
        let sum: Option<Usd> = apart(&tokens).iter().map(|kind| cost(model, kind)).sum::<Option<Usd>>();
        prop_assert_eq!(cost(model, &tokens), sum);
        prop_assert!(sum.is_some());
    }

    #[test]
    fn cost_never_falls_with_more_tokens((model, _) in models(), fewer in counts(300_000), more in counts(300_000)) {
        let sum = TokenCounts {
            input: fewer.input + more.input,
            output: fewer.output + more.output,
            cache_read: fewer.cache_read + more.cache_read,
            cache_write: fewer.cache_write + more.cache_write,
            cache_write_1h: fewer.cache_write_1h + more.cache_write_1h,
            reasoning: fewer.reasoning + more.reasoning,
            reasoning_in_output: fewer.reasoning_in_output,
        };
        prop_assert!(cost(model, &sum) >= cost(model, &fewer));
    }

    #[test]
    fn cost_of_largest_counts_does_not_overflow((model, _) in models(), tokens in counts(1 << 53)) {
        prop_assert!(cost(model, &tokens) >= Some(Usd::ZERO));
    }

    #[test]
    fn find_prices_name_only_by_form_of_listed_name(name in pieced_names()) {
        let found = PriceBook::shipped().find(&ModelName::trusted(name.as_str()), None);
        if found.is_some() {
            let queried = forms(&name);
            prop_assert!(is_listed(&queried), "{} has a price", name);
        }
    }

    #[test]
    fn find_random_name_has_no_price_and_does_not_panic(name in "\\PC{1,200}", provider in "\\PC{0,20}") {
        let book = PriceBook::shipped();
        let found = book.find(&ModelName::trusted(name.as_str()), Provider::parse(&provider).as_ref());
        let queried = forms(&name);
        prop_assert!(found.is_none() || is_listed(&queried), "{} has a price", name);
    }

    #[test]
    fn canonical_name_is_its_own_canonical_name(name in prop_oneof![pieced_names(), "\\PC{1,60}", listed_names()], provider in "|azure|ollama|openrouter") {
        let book = PriceBook::shipped();
        let Some(model) = ModelName::parse(&name) else { return Ok(()) };
        let canonical = book.canonical(&model, Provider::parse(&provider).as_ref());
        prop_assert_eq!(&book.canonical(&canonical, None), &canonical);
        prop_assert!(ModelName::parse(canonical.as_str()).is_some());
    }

    #[test]
    fn plainest_form_is_its_own_plainest_form(name in prop_oneof![pieced_names(), "\\PC{1,60}"]) {
        let plain = plainest(&name);
        prop_assert_eq!(plainest(&plain), plain.as_str());
        prop_assert!(plain.len() <= name.len());
    }
}

#[test]
fn listed_names_are_found_and_their_forms_are_stable() {
    for name in listed() {
        let found = PriceBook::shipped().find(&ModelName::trusted(name), None);
        assert!(found.is_some(), "{name}");
        let cost = found.map(|found| found.cost(&TokenCounts::default(), NOW));
        assert!(cost.is_some_and(|cost| cost != Cost::Unpriced), "{name}");
    }
}

#[test]
fn canonical_names_of_listed_names_are_stable() {
    let book = PriceBook::shipped();
    let sold = PriceBook::shipped_rows().flat_map(|row| {
        let bare = (row.model.clone(), None);
        let behind_a_path = ModelName::parse(&format!("{}/{}", row.provider, row.model)).map(|name| (name, None));
        [Some(bare), behind_a_path, Some((row.model, Some(row.provider)))]
    });
    for (name, provider) in sold.flatten() {
        let canonical = book.canonical(&name, provider.as_ref());
        assert_eq!(book.canonical(&canonical, None), canonical, "{name} of {provider:?}");
    }
}

#[test]
fn find_name_of_only_affixes_is_bounded_work() {
    for piece in ["us.", "-high", "-thinking", "[1m]", "-20250929", "a/", "-latest", "1.", "@latest"] {
        let name = piece.repeat(200 / piece.len());
        assert_eq!(PriceBook::shipped().find(&ModelName::trusted(name.as_str()), None), None, "{name}");
    }
}
