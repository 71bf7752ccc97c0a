//! Makers and sellers of models, and facts about them that no price table states.

/// The price of a cache write that has none in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheWrites {
    /// 1.25 times the input price, and twice the input price for a cache of one hour: Anthropic's published rule ("Prompt
    /// caching", pricing).
    Surcharged,
    /// The input price.
    AsInput,
}

/// A maker of models, identified by the first word of its models' names.
#[derive(Debug, PartialEq, Eq)]
pub struct Maker {
    /// The first words (letters up to the first other character) of its models' names.
    words: &'static [&'static str],
    /// Its own sellers as [`seller`] names them, the preferred one first.
    pub sellers: &'static [&'static str],
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

/// The maker of the model with this normalised name.
pub fn maker_of(name: &str) -> Option<&'static Maker> {
    let end = name.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(name.len());
    MAKERS.iter().find(|maker| maker.words.contains(&&name[..end]))
}

/// The names of sellers in clients and in the price table.
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

/// The one name of a seller: the table has `bedrock_converse` and `vertex_ai-anthropic_models`, clients say `amazon-bedrock` and
/// `google-vertex`. A provider that is not in the table is its own seller.
pub fn seller(provider: &str) -> &str {
    let clouds = ["vertex_ai", "bedrock", "azure"];
    (clouds.into_iter().find(|cloud| provider.starts_with(cloud)))
        .or_else(|| CLIENT_NAMES.iter().find(|(name, _)| *name == provider).map(|(_, seller)| *seller))
        .unwrap_or(provider)
}

/// Providers that stand for the user's own hardware.
const LOCAL: [&str; 6] = ["ollama", "lmstudio", "lm-studio", "lemonade", "llama.cpp", "llamacpp"];

/// Whether the provider is the user's own hardware, where no list price applies.
pub fn is_local(provider: &str) -> bool {
    LOCAL.contains(&provider)
}

/// Models that are free in their maker's own price list (Z.ai and the Gemini API, "Pricing"), as (provider, model). Other zeros
/// are gaps in the table.
const FREE: [(&str, &str); 5] = [
    ("gemini", "gemini/gemma-3-27b-it"),
    ("gemini", "gemini/gemma-4-26b-a4b-it"),
    ("gemini", "gemini/gemma-4-31b-it"),
    ("zai", "zai/glm-4.5-flash"),
    ("zai", "zai/glm-4.7-flash"),
];

/// Whether the maker documents the model at this provider as free.
pub fn is_free(provider: &str, model: &str) -> bool {
    FREE.contains(&(provider, model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maker_is_found_by_first_word() {
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
    fn maker_only_anthropic_surcharges_cache_writes() {
        for maker in &MAKERS {
            assert_eq!(maker.cache_writes == CacheWrites::Surcharged, maker.sellers == ["anthropic"], "{maker:?}");
        }
    }

    #[test]
    fn seller_has_one_name() {
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
    fn local_providers_and_free_models_are_exact() {
        assert!(is_local("ollama") && !is_local("ollama-cloud") && !is_local("openai"));
        assert!(is_free("zai", "zai/glm-4.7-flash"));
        assert!(!is_free("zai", "zai/glm-4.7") && !is_free("novita", "zai/glm-4.7-flash"));
    }
}
