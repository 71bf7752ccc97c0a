//! Who makes a model, who sells it, and what is known of makers that no price table says.

/// What a maker charges for writing to a cache where the book has no price for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheWrites {
    /// 1.25 times the input price, and twice the input price where the cache is kept for an hour: Anthropic's published rule
    /// ("Prompt caching", pricing).
    Surcharged,
    /// The input price.
    AsInput,
}

/// A maker of models, known by the word its models' names begin with.
#[derive(Debug, PartialEq, Eq)]
pub struct Maker {
    /// The words (letters up to the first other character) that the names of its models begin with.
    words: &'static [&'static str],
    /// Its own sellers as [`seller`] names them, the preferred one first.
    pub sellers: &'static [&'static str],
    /// What it charges for cache writes without a price.
    pub cache_writes: CacheWrites,
}

const fn maker(words: &'static [&'static str], sellers: &'static [&'static str]) -> Maker {
    Maker { words, sellers, cache_writes: CacheWrites::AsInput }
}

/// The makers whose own sellers the book knows.
const MAKERS: [Maker; 23] = [
    Maker { words: &["claude"], sellers: &["anthropic"], cache_writes: CacheWrites::Surcharged },
    maker(&["gpt", "chatgpt", "o", "codex", "davinci", "babbage"], &["openai"]),
    maker(&["gemini", "gemma"], &["gemini", "vertex_ai"]),
    maker(&["grok"], &["xai"]),
    maker(&["glm"], &["zai", "bigmodel"]),
    maker(&["deepseek"], &["deepseek"]),
    maker(&["kimi", "moonshot"], &["moonshot"]),
    maker(&["qwen", "qwq", "qvq"], &["dashscope", "qwencloud", "qwen_ai_platform"]),
    maker(
        &["mistral", "ministral", "magistral", "codestral", "devstral", "pixtral", "voxtral", "mixtral", "open"],
        &["mistral"],
    ),
    maker(&["command"], &["cohere"]),
    maker(&["llama", "muse"], &["meta"]),
    maker(&["minimax"], &["minimax"]),
    maker(&["nova"], &["amazon_nova", "bedrock"]),
    maker(&["titan"], &["bedrock"]),
    maker(&["jamba"], &["ai21"]),
    maker(&["sonar"], &["perplexity"]),
    maker(&["mimo"], &["xiaomi_mimo"]),
    maker(&["hunyuan", "hy"], &["tencent"]),
    maker(&["mercury"], &["inception"]),
    maker(&["morph"], &["morph"]),
    maker(&["swe"], &["cognition"]),
    maker(&["gigachat"], &["gigachat"]),
    maker(&["luminous"], &["aleph_alpha"]),
];

/// The maker of the model with this normalised name; `None` where the table has none.
pub fn maker_of(name: &str) -> Option<&'static Maker> {
    let end = name.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(name.len());
    MAKERS.iter().find(|maker| maker.words.contains(&&name[..end]))
}

/// What clients call a seller, and what the price table calls it.
const CLIENT_NAMES: [(&str, &str); 26] = [
    ("alibaba", "dashscope"),
    ("amazon-bedrock", "bedrock"),
    ("aws-bedrock", "bedrock"),
    ("cohere_chat", "cohere"),
    ("fireworks", "fireworks_ai"),
    ("fireworks-ai", "fireworks_ai"),
    ("github-copilot", "github_copilot"),
    ("google", "gemini"),
    ("google-generative-ai", "gemini"),
    ("google-vertex", "vertex_ai"),
    ("google-vertex-anthropic", "vertex_ai"),
    ("meta_llama", "meta"),
    ("mistralai", "mistral"),
    ("moonshotai", "moonshot"),
    ("text-completion-codestral", "mistral"),
    ("codestral", "mistral"),
    ("text-completion-openai", "openai"),
    ("together", "together_ai"),
    ("togetherai", "together_ai"),
    ("vercel", "vercel_ai_gateway"),
    ("vertex", "vertex_ai"),
    ("x-ai", "xai"),
    ("z-ai", "zai"),
    ("z.ai", "zai"),
    ("zai-coding-plan", "zai"),
    ("zhipuai", "zai"),
];

/// One name for all the ways a seller is written: the table has `bedrock_converse` and `vertex_ai-anthropic_models`, clients
/// say `amazon-bedrock` and `google-vertex`. A provider that is not in the table is its own seller.
pub fn seller(provider: &str) -> &str {
    let clouds = ["vertex_ai", "bedrock", "azure"];
    (clouds.into_iter().find(|cloud| provider.starts_with(cloud)))
        .or_else(|| CLIENT_NAMES.iter().find(|(name, _)| *name == provider).map(|(_, seller)| *seller))
        .unwrap_or(provider)
}

/// Providers that are the person's own hardware.
const LOCAL: [&str; 6] = ["ollama", "lmstudio", "lm-studio", "lemonade", "llama.cpp", "llamacpp"];

/// Whether this provider is the person's own hardware, where no list price applies.
pub fn is_local(provider: &str) -> bool {
    LOCAL.contains(&provider)
}

/// Models that cost nothing by their maker's own price list (Z.ai and the Gemini API, "Pricing"), as (provider, model). Zeros anywhere
/// else are gaps in the table.
const FREE: [(&str, &str); 5] = [
    ("gemini", "gemini/gemma-3-27b-it"),
    ("gemini", "gemini/gemma-4-26b-a4b-it"),
    ("gemini", "gemini/gemma-4-31b-it"),
    ("zai", "zai/glm-4.5-flash"),
    ("zai", "zai/glm-4.7-flash"),
];

/// Whether the maker documents this model, sold by this provider, as free of charge.
pub fn is_free(provider: &str, model: &str) -> bool {
    FREE.contains(&(provider, model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maker_is_known_by_the_first_word_of_a_name() {
        let table = [
            ("claude-opus-4-5", Some("anthropic")),
            ("gpt-5-mini", Some("openai")),
            ("o3", Some("openai")),
            ("gemini-2-5-flash", Some("gemini")),
            ("grok-4", Some("xai")),
            ("qwen3-max", Some("dashscope")),
            ("claudette-1", None),
            ("my-claude", None),
            ("o", Some("openai")),
            ("", None),
            ("ü", None),
        ];
        for (name, own) in table {
            assert_eq!(maker_of(name).map(|maker| maker.sellers[0]), own, "{name}");
        }
    }

    #[test]
    fn only_anthropic_surcharges_cache_writes() {
        for maker in &MAKERS {
            assert_eq!(maker.cache_writes == CacheWrites::Surcharged, maker.sellers == ["anthropic"], "{maker:?}");
        }
    }

    #[test]
    fn a_seller_has_one_name() {
        let table = [
            ("bedrock_converse", "bedrock"),
            ("amazon-bedrock", "bedrock"),
            ("vertex_ai-anthropic_models", "vertex_ai"),
            ("google-vertex", "vertex_ai"),
            ("azure_ai", "azure"),
            ("google", "gemini"),
            ("openai", "openai"),
            ("somebody", "somebody"),
        ];
        for (provider, name) in table {
            assert_eq!(seller(provider), name);
            assert_eq!(seller(seller(provider)), name, "a seller's name is its own");
        }
        for (_, name) in CLIENT_NAMES {
            assert_eq!(seller(name), name);
        }
    }

    #[test]
    fn hardware_of_ones_own_and_gifts_are_listed_exactly() {
        assert!(is_local("ollama") && !is_local("ollama-cloud") && !is_local("openai"));
        assert!(is_free("zai", "zai/glm-4.7-flash"));
        assert!(!is_free("zai", "zai/glm-4.7") && !is_free("novita", "zai/glm-4.7-flash"));
    }
}
