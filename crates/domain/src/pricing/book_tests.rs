//! Which rows price a name.

use time::OffsetDateTime;
use time::macros::datetime;

use super::super::aliases::ALIASES;
use super::super::cost::Cost;
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
    let line = |(name, provider, price): &(&str, &str, u32)| format!("{name} {provider} 2026-01-01 in={price} out=0\n");
    let text: String = models.iter().map(line).collect();
    PriceBook::new(line::rows(&text).map(|row| row.expect("a good line")))
}

/// The cost of a million input tokens in dollars; `None` without a price.
fn price(book: &PriceBook, model: &str, provider: &str) -> Option<String> {
    let model = book.find(&ModelName::parse(model)?, Provider::parse(provider).as_ref())?;
    model.cost(&MILLION_INPUT, NOW).amount().map(|amount| amount.to_string())
}

/// Checks (requested name, provider, price).
fn check(book: &PriceBook, table: &[(&str, &str, Option<&str>)]) {
    for (model, provider, expected) in table {
        assert_eq!(price(book, model, provider).as_deref(), *expected, "{model} {provider}");
    }
}

#[test]
fn find_name_that_states_provider_uses_its_row() {
    const INPUT: TokenCounts = TokenCounts { input: 1_000, ..MILLION_INPUT };
    let states_provider = |row: &PriceRow| row.model.as_str().split('/').next() == Some(row.provider.as_str());
    let mut wrong = Vec::new();
    for row in PriceBook::shipped_rows().filter(states_provider) {
        let alone = PriceBook::new([row.clone()]);
        let cost = |book: &PriceBook| book.find(&row.model, None).map(|model| model.cost(&INPUT, row.valid_from));
        if cost(PriceBook::shipped()) != cost(&alone) {
            wrong.push(format!("{} {}", row.model, row.valid_from.date()));
        }
    }
    assert!(wrong.is_empty(), "{} rows: {wrong:#?}", wrong.len());
}

#[test]
fn find_tries_exact_name_first_and_plainest_last() {
    let book = book(&[
        ("gpt-5-high", "openai", 1),
        ("gpt-5", "openai", 2),
        ("gpt-5.5", "openai", 3),
        ("us.amazon.nova-9-v1:0", "bedrock", 4),
    ]);
    let table = [
        ("gpt-5-high", "", Some("1")),
        ("openai/gpt-5-high", "", Some("1")),
        ("gpt-5", "", Some("2")),
        ("gpt-5-low", "", Some("2")),
        ("gpt-5-20250807", "", Some("2")),
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
fn find_regional_row_despite_client_marks() {
    let book = book(&[
        ("claude-opus-5", "anthropic", 5),
        ("anthropic.claude-opus-5", "bedrock_converse", 6),
        ("eu.anthropic.claude-opus-5", "bedrock_converse", 7),
        ("us.anthropic.claude-opus-5-v1", "bedrock_converse", 8),
        ("bedrock/us-gov-west-1/anthropic.claude-opus-5", "bedrock", 9),
    ]);
    let table = [
        ("claude-opus-5[1m]", "", Some("5")),
        ("eu.anthropic.claude-opus-5", "", Some("7")),
        ("eu.anthropic.claude-opus-5[1m]", "", Some("7")),
        ("eu.anthropic.claude-opus-5-thinking", "", Some("7")),
        ("eu.anthropic.claude-opus-5-high", "amazon-bedrock", Some("7")),
        ("eu.anthropic.claude-opus-5-v1:0", "", Some("7")),
        ("us.anthropic.claude-opus-5-v1[1m]", "", Some("8")),
        ("us.anthropic.claude-opus-5[1m]", "", Some("8")),
        ("us.anthropic.claude-opus-5-v1:0", "", Some("8")),
        ("bedrock/anthropic.claude-opus-5", "", Some("6")),
        ("bedrock/eu.anthropic.claude-opus-5[1m]", "", Some("7")),
        ("amazon-bedrock/anthropic.claude-opus-5", "", Some("6")),
        ("amazon-bedrock/eu.anthropic.claude-opus-5-thinking[1m]", "", Some("7")),
        ("bedrock:eu.anthropic.claude-opus-5", "", Some("7")),
        ("aws.anthropic.claude-opus-5", "", Some("6")),
        ("bedrock/us-gov-west-1/anthropic.claude-opus-5", "", Some("9")),
        ("claude-opus-5", "bedrock", Some("6")),
        ("jp.anthropic.claude-opus-5", "", Some("6")),
    ];
    check(&book, &table);
}

#[test]
fn find_removes_client_marks_from_requested_name_only() {
    let book = book(&[
        ("moonshot/kimi-9-thinking", "moonshot", 1),
        ("openrouter/moonshotai/kimi-8-thinking", "openrouter", 2),
        ("moonshot/kimi-8", "moonshot", 3),
        ("openrouter/openai/gpt-9-high", "openrouter", 4),
        ("gpt-9", "openai", 5),
        ("dashscope/qwen9-max", "dashscope", 6),
        ("dashscope/qwen9-plus-20260101", "dashscope", 7),
    ]);
    let table = [
        ("kimi-9-thinking", "", Some("1")),
        ("moonshotai/kimi-9-thinking-high", "", Some("1")),
        ("antigravity-kimi-9-thinking", "", Some("1")),
        ("kimi-9", "", None),
        ("kimi-8-thinking", "", Some("3")),
        ("gpt-9-high", "", Some("5")),
        ("gpt-9-high", "openrouter", Some("4")),
        ("qwen9-max", "", Some("6")),
        ("qwen9-max-max", "", Some("6")),
        ("qwen9", "", None),
        ("qwen9-plus-20260101", "", Some("7")),
        ("qwen9-plus", "", None),
    ];
    check(&book, &table);
}

#[test]
fn find_alias_also_below_affixes() {
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
fn find_seller_name_precedes_alias() {
    let book = book(&[("claude-sonnet-4-20250514", "anthropic", 3), ("oci/claude-sonnet-4", "oci", 9)]);
    check(&book, &[("oci/claude-sonnet-4", "", Some("9")), ("claude-sonnet-4", "", Some("3"))]);
}

#[test]
fn find_given_provider_precedes_maker() {
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
        ("grok-4", "azure", Some("5")),
        ("eu/grok-4", "azure", Some("4")),
        ("grok-4", "somebody", Some("2")),
        ("somebody/grok-4", "", Some("2")),
        ("openrouter/grok-4", "", Some("1")),
        ("openrouter:x-ai/grok-4", "", Some("1")),
        ("grok-4", "ollama", None),
        ("ollama/grok-4", "", None),
        ("lmstudio:grok-4", "", None),
    ];
    check(&book, &table);
}

#[test]
fn find_given_provider_ignores_its_other_regions() {
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
fn find_preferred_seller_of_maker_precedes() {
    let book =
        book(&[("vertex_ai/gemini-9", "vertex_ai", 1), ("gemini/gemini-9", "gemini", 2), ("oci/gemini-9", "oci", 3)]);
    check(&book, &[("gemini-9", "", Some("2")), ("gemini-9", "google-vertex", Some("1"))]);
}

/// The cost of a million input tokens, and whether it is an estimate.
fn status(book: &PriceBook, model: &str, provider: &str) -> Option<(&'static str, String)> {
    let model = book.find(&ModelName::parse(model)?, Provider::parse(provider).as_ref())?;
    match model.cost(&MILLION_INPUT, NOW) {
        Cost::Priced(usd) => Some(("priced", usd.to_string())),
        Cost::Estimated(usd) => Some(("estimated", usd.to_string())),
        Cost::Unpriced => None,
    }
}

#[test]
fn find_without_maker_needs_two_agreeing_sellers() {
    let book = book(&[
        ("groq/gpt-oss", "groq", 1),
        ("novita/gpt-oss", "novita", 1),
        ("groq/unknown-1", "groq", 1),
        ("novita/unknown-1", "novita", 2),
        ("groq/qwen-lone", "groq", 1),
        ("azure/eu/mai-1", "azure", 3),
        ("azure_ai/mai-1", "azure_ai", 3),
        ("novita/kimi-7", "novita", 5),
        ("groq/kimi-7", "groq", 5),
        ("moonshot/kimi-7", "moonshot", 6),
    ]);
    let table = [
        ("gpt-oss", "", Some(("estimated", "1"))),
        ("groq/gpt-oss", "", Some(("priced", "1"))),
        ("gpt-oss", "novita", Some(("priced", "1"))),
        ("unknown-1", "", None),
        ("unknown-1", "novita", Some(("priced", "2"))),
        ("groq/unknown-1", "", Some(("priced", "1"))),
        ("qwen-lone", "", None),
        ("alibaba/qwen-lone", "", None),
        ("groq/qwen-lone", "", Some(("priced", "1"))),
        ("mai-1", "", None),
        ("kimi-7", "", Some(("priced", "6"))),
    ];
    for (model, provider, expected) in table {
        let expected = expected.map(|(status, usd)| (status, usd.to_owned()));
        assert_eq!(status(&book, model, provider), expected, "{model} {provider}");
    }
}

#[test]
fn find_disagreement_is_settled_only_by_maker() {
    let book = book(&[
        ("a/kimi-9", "a", 1),
        ("b/kimi-9", "b", 2),
        ("moonshot/kimi-9-thinking", "moonshot", 3),
        ("a/llama-9-20260101", "a", 1),
        ("b/llama-9-20260101", "b", 2),
        ("a/llama-9", "a", 4),
        ("b/llama-9", "b", 4),
    ]);
    let table = [
        ("kimi-9", "", None),
        ("kimi-9-thinking", "", Some("3")),
        ("llama-9-20260101", "", None),
        ("llama-9-20260202", "", Some("4")),
    ];
    check(&book, &table);
}

#[test]
fn cost_anthropic_cache_writes_are_surcharged_at_every_seller() {
    let models = [("openrouter/anthropic/claude-9", "openrouter", 4), ("groq/llama-9", "groq", 4)];
    let book = book(&models);
    let tokens = TokenCounts { cache_write: 2_000_000, cache_write_1h: 1_000_000, ..TokenCounts::default() };
    let cost = |name| {
        book.find(&ModelName::trusted(name), None)
            .map(|model| model.cost(&tokens, NOW).amount().map(|usd| usd.to_string()))
    };
    assert_eq!(cost("openrouter/anthropic/claude-9"), Some(Some("13".to_owned())));
    assert_eq!(cost("groq/llama-9"), Some(Some("8".to_owned())));
}

#[test]
fn find_row_of_zeros_is_gap_unless_model_is_free() {
    let book = book(&[
        ("zai/glm-4.7-flash", "zai", 0),
        ("novita/glm-4.7-flash", "novita", 1),
        ("groq/glm-4.7-flash", "groq", 1),
        ("groq/glm-9", "groq", 0),
        ("novita/glm-9", "novita", 1),
    ]);
    let table = [
        ("glm-4.7-flash", "", Some("0")),
        ("glm-4.7-flash-high", "zhipuai", Some("0")),
        ("groq/glm-4.7-flash", "", Some("1")),
        ("groq/glm-9", "", None),
        ("glm-9", "groq", None),
        ("glm-9", "novita", Some("1")),
    ];
    check(&book, &table);
}

#[test]
fn canonical_name_is_one_for_all_spellings() {
    let spellings: [(&str, &[&str]); 6] = [
        (
            "claude-opus-4-5",
            &[
                "claude-opus-4-5",
                "claude-opus-4.5",
                "claude-4.5-opus",
                "claude-4.5-opus-high-thinking",
                "claude-opus-4-5[1m]",
                "claude-opus-4-5 (xhigh)",
                "claude-opus-4-5-20251101",
                "claude-opus-4-5@20251101",
                "anthropic/claude-opus-4.5",
                "anthropic:claude-opus-4-5",
                "anthropic--claude-4.5-opus",
                "antigravity-claude-opus-4-5-thinking",
                "us.anthropic.claude-opus-4-5-20251101-v1:0",
                "bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0[1m]",
                "openrouter/anthropic/claude-opus-4.5",
                "vertex_ai/claude-opus-4-5@20251101",
                "databricks-claude-opus-4-5",
            ],
        ),
        ("claude-opus-4", &["claude-opus-4", "claude-opus-4-0", "claude-4-opus", "claude-opus-4-20250514"]),
        (
            "gpt-5-2-codex",
            &["gpt-5.2-codex", "openai/gpt-5.2-codex", "openai-codex:gpt-5.2-codex", "gpt-5.2-codex-xhigh"],
        ),
        ("gpt-5-1-codex-max", &["gpt-5.1-codex-max", "gpt-5.1-codex-max-xhigh", "azure/gpt-5.1-codex-max"]),
        (
            "kimi-k2-thinking",
            &["kimi-k2-thinking", "moonshotai/kimi-k2-thinking", "openrouter/moonshotai/kimi-k2-thinking"],
        ),
        ("house-9", &["house-9", "house-9-high", "ollama/house-9", "my-gateway/house-9-20260101-thinking"]),
    ];
    for (canonical, names) in spellings {
        for name in names {
            let found = PriceBook::shipped().canonical(&ModelName::trusted(*name), None);
            assert_eq!(found.as_str(), canonical, "{name}");
            assert_eq!(PriceBook::shipped().canonical(&found, None), found, "{name}");
        }
    }
    let at = |name: &str, provider| {
        PriceBook::shipped().canonical(&ModelName::trusted(name), Provider::parse(provider).as_ref()).to_string()
    };
    assert_eq!(at("claude-4.5-opus", "replicate"), "claude-opus-4-5");
    assert_eq!(at("claude-opus-4-5", "ollama"), "claude-opus-4-5", "hardware of one's own has no price");
    assert_eq!(at("gpt-oss-120b", ""), at("openai/gpt-oss-120b", "groq"), "also without a price");
}

#[test]
fn book_further_rows_add_and_replace_shipped_rows() {
    let text = "glm-99 zai 2026-01-01 in=7 out=7\nzai/glm-4.7 zai 2026-02-01 in=8 out=8\nzai/glm-4.6 zai 2026-11-19 in=9 out=9";
    let rows = line::rows(text).map(|row| row.expect("a good line")).collect();
    let book = PriceBook::shipped_with(rows);
    check(&book, &[("glm-99", "", Some("7")), ("glm-4.7", "", Some("8")), ("glm-4.6", "", Some("9"))]);
    check(PriceBook::shipped(), &[("glm-99", "", None), ("glm-4.7", "", Some("0.6")), ("glm-4.6", "", Some("0.6"))]);
}

#[test]
fn override_applies_to_exact_name_and_provider_or_any() {
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

fn override_of(model: &str, provider: Option<&str>, prices: &str) -> PriceOverride {
    PriceOverride {
        model: ModelName::trusted(model),
        provider: provider.map(Provider::trusted),
        valid_from: datetime!(2026-01-01 0:00 UTC),
        prices: Some(line::prices(prices).expect("prices")),
    }
}

#[test]
fn shipped_lines_are_valid_and_not_redundant() {
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
    let gaps = rows.iter().filter(|row| row.prices.are_zero() && !is_free(row.provider.as_str(), row.model.as_str()));
    assert_eq!(gaps.count(), 0, "the script and the domain list the same free models");
}

#[test]
fn aliases_lead_to_price_of_maker() {
    let book = PriceBook::shipped();
    for (name, model) in ALIASES {
        let by_name = book.find(&ModelName::trusted(name), None);
        let sold_by = |own: &&str| book.find(&ModelName::trusted(model), Provider::parse(own).as_ref());
        let own: Vec<_> = maker_of(model).into_iter().flat_map(|maker| maker.sellers).map(sold_by).collect();
        assert!(by_name.is_some() && own.contains(&by_name), "{name}");
    }
}

#[test]
fn find_unlisted_model_has_no_price() {
    let unknown =
        ["grok-code", "composer-1", "big-pickle", "claude", "mistral", "gpt", "", "-", "/", ".", "@", "[1m]", "-high"];
    for name in unknown {
        assert_eq!(PriceBook::shipped().find(&ModelName::trusted(name), None), None, "{name}");
    }
    assert_eq!(PriceBook::default().find(&ModelName::trusted("gpt-5"), None), None);
}
