//! Every case of `data/golden-prices.tsv` costs what an independent calculation (`scripts/golden_prices.py`) yields.

use domain::pricing::{Cost, PriceBook};
use domain::usage::{ModelName, Provider, TokenCounts};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const CASES: &str = include_str!("data/golden-prices.tsv");

/// The result of the shipped book for a case, as (status, USD).
fn calculated(columns: &[&str]) -> (&'static str, String) {
    let [_, model, provider, at, input, output, cache_read, cache_write, cache_write_1h, reasoning, included, ..] =
        columns
    else {
        panic!("{columns:?} has too few columns");
    };
    let count = |text: &str| text.parse().expect("a count");
    let tokens = TokenCounts {
        input: count(input),
        output: count(output),
        cache_read: count(cache_read),
        cache_write: count(cache_write),
        cache_write_1h: count(cache_write_1h),
        reasoning: count(reasoning),
        reasoning_in_output: *included == "1",
    };
    let at = OffsetDateTime::parse(at, &Rfc3339).expect("an instant");
    let model = ModelName::parse(model).expect("a model");
    let found = PriceBook::shipped().find(&model, Provider::parse(provider).as_ref());
    match found.map_or(Cost::Unpriced, |found| found.cost(&tokens, at)) {
        Cost::Priced(usd) => ("priced", usd.to_string()),
        Cost::Estimated(usd) => ("estimated", usd.to_string()),
        Cost::Unpriced => ("unpriced", String::new()),
    }
}

#[test]
fn golden_prices_match_independent_calculation() {
    let cases: Vec<Vec<&str>> = CASES.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(cases.len() >= 300, "{} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let (status, usd) = calculated(case);
            (case[11..] != [status, &usd]).then(|| format!("{}: got {status} {usd}", case.join(" ")))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
