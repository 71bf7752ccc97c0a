//! Normalisation of model names: the forms of a name, in order.
//!
//! Two names are equal only if a form of the requested name equals a form of the listed one. Marks of clients (`[1m]`,
//! `-thinking`, an effort, a prefix) and dates are removed only from the requested name. Affixes of sellers (a path, a region,
//! an interface version) are removed from both.

use std::borrow::Cow;
use std::iter::successors;

/// How far a form is from its name. Each step includes all earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameStep {
    /// The unchanged name.
    Exact,
    /// One spelling for equivalent names: `4.7` and `4-7`, `claude-4-7-opus` and `claude-opus-4-7`, `@20250929` and `-20250929`.
    Written,
    /// Without path segments, one at a time: providers and regions (`openrouter/anthropic/…`).
    Path,
    /// Without the interface version: `-v1:0`, `:0`, `-v1`.
    Version,
    /// Without the prefixes of clouds, one at a time: `us.`, `anthropic.`, `databricks-`.
    Region,
    /// Without a trailing 8-digit date or `-latest`.
    Date,
}

/// A form of a name and its step.
pub type NameForm<'a> = (NameStep, Cow<'a, str>);

/// Removes an affix; `None` if it is missing or nothing would remain.
type TakeOff = fn(&str) -> Option<&str>;

/// The affixes of sellers, in the order of their removal.
const SELLER: [(NameStep, TakeOff); 3] =
    [(NameStep::Path, path), (NameStep::Version, version), (NameStep::Region, region)];

/// Calls `look` with groups of forms of a requested name until it returns a value. The forms of a group mean the same model; the
/// most specific group is first. The name without its date is a group, and so is each name without one more client mark. Work is
/// bounded by the length of the name.
pub fn each_group<T>(name: &str, mut look: impl FnMut(&[NameForm<'_>]) -> Option<T>) -> Option<T> {
    let mut requested = name;
    loop {
        let mut rest = requested;
        for called in successors(Some(requested), |called| client_mark(called)) {
            let (forms, bare) = seller_forms(called);
            let (dated, undated) = undated_forms(bare);
            if let Some(found) = look(&forms).or_else(|| look(&dated)) {
                return Some(found);
            }
            rest = undated;
        }
        // Removing an affix or date can uncover another client mark.
        requested = client_mark(rest)?;
    }
}

/// The forms of a listed name. Dates stay: a snapshot is another model.
pub fn listed_forms(name: &str) -> Vec<NameForm<'_>> {
    let (mut forms, bare) = seller_forms(name);
    forms.extend(latest(bare).map(|bare| (NameStep::Date, written(bare))));
    forms
}

/// The last form of a requested `name`: its name if no price table lists it.
pub fn plainest(name: &str) -> String {
    let mut last = Cow::Borrowed(name);
    each_group(name, |forms| {
        if let Some((_, form)) = forms.last() {
            last = Cow::Owned(form.clone().into_owned());
        }
        None::<()>
    });
    last.into_owned()
}

/// The last form of a listed name, without its date: common to all spellings of the model.
pub fn plainest_listed(name: &str) -> String {
    let (_, bare) = seller_forms(name);
    let (_, undated) = undated_forms(bare);
    written(undated).into_owned()
}

/// The provider that `name` states, and the rest: `bedrock/…`, `anthropic:…`.
pub fn stated_provider(name: &str) -> Option<(&str, &str)> {
    let (provider, rest) = leading_tool(name).or_else(|| name.split_once('/'))?;
    some(provider).zip(some(rest))
}

/// The forms of `name` by affixes of sellers, and the remaining name before normalised spelling.
fn seller_forms(name: &str) -> (Vec<NameForm<'_>>, &str) {
    let mut forms = vec![(NameStep::Exact, Cow::Borrowed(name)), (NameStep::Written, written(name))];
    let mut bare = name;
    for (step, take_off) in SELLER {
        forms.push((step, written(bare)));
        while let Some(shorter) = take_off(bare) {
            bare = shorter;
            forms.push((step, written(bare)));
        }
    }
    (forms, bare)
}

/// The forms of `name` without dates, and the remaining name. Removing a date can uncover an affix of a seller.
fn undated_forms(name: &str) -> (Vec<NameForm<'_>>, &str) {
    let mut bare = name;
    let mut forms = Vec::new();
    while let Some(shorter) = date(bare).or_else(|| SELLER.iter().find_map(|(_, take_off)| take_off(bare))) {
        bare = shorter;
        forms.push((NameStep::Date, written(bare)));
    }
    if forms.is_empty() {
        forms.push((NameStep::Date, written(bare)));
    }
    (forms, bare)
}

/// `rest`, unless it is blank.
fn some(rest: &str) -> Option<&str> {
    (!rest.trim().is_empty()).then_some(rest)
}

/// `name` in the one spelling of [`NameStep::Written`].
fn written(name: &str) -> Cow<'_, str> {
    let folded = fold_digits(name);
    let dated = match folded.rsplit_once('@') {
        Some((stem, day)) if !stem.is_empty() && is_date(day) => Cow::Owned(format!("{stem}-{day}")),
        _ => folded,
    };
    let ordered = family_first(&dated).or_else(|| bedrock_deepseek(&dated));
    ordered.map_or(dated, Cow::Owned)
}

/// `name` with every `.` between two single digits as `-`.
fn fold_digits(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let folds = |dot: usize| {
        bytes[dot] == b'.'
            && dot > 0
            && digit(dot - 1)
            && !(dot > 1 && digit(dot - 2))
            && digit(dot + 1)
            && !digit(dot + 2)
    };
    if !(0..bytes.len()).any(folds) {
        return Cow::Borrowed(name);
    }
    name.char_indices().map(|(at, character)| if folds(at) { '-' } else { character }).collect()
}

/// `claude-opus-4-7` for `claude-4-7-opus`: Anthropic swapped the words with Claude 4, Cursor and Copilot did not.
fn family_first(name: &str) -> Option<String> {
    let rest = name.strip_prefix("claude-")?;
    let start = rest.find(|c: char| c.is_ascii_alphabetic())?;
    let (version, rest) = (rest[..start].strip_suffix('-')?, &rest[start..]);
    let number = |part: &str| (1..=2).contains(&part.len()) && all_digits(part);
    if !version.split('-').all(number) || version.split('-').count() > 2 {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (family, rest) = rest.split_at(end);
    let ends = rest.is_empty() || rest.starts_with(['-', ':', '@', '[', ' ', '(']);
    ends.then(|| format!("claude-{family}-{version}{rest}"))
}

/// `deepseek-v3-2` for Bedrock's `deepseek.v3-2`, where the maker's name is part of the model's.
fn bedrock_deepseek(name: &str) -> Option<String> {
    name.strip_prefix("deepseek.").map(|rest| format!("deepseek-{rest}"))
}

/// `name` without one client mark. Prefixes are first, because a suffix can belong to the model (`kimi-k2-thinking`).
fn client_mark(name: &str) -> Option<&str> {
    tool_prefix(name)
        .map(|(_, rest)| rest)
        .or_else(|| long_context(name))
        .or_else(|| thinking(name))
        .or_else(|| effort(name))
}

/// Tools and providers that clients write before a name and a colon. Other words are not removed: `ft:gpt-4o` is another model.
const TOOLS: [&str; 36] = [
    "alibaba",
    "anthropic",
    "antigravity",
    "azure",
    "bedrock",
    "claude",
    "claude-code",
    "codex",
    "copilot",
    "cursor",
    "dashscope",
    "deepseek",
    "gemini",
    "gemini-cli",
    "github-copilot",
    "google",
    "google-gla",
    "google-vertex",
    "groq",
    "litellm",
    "lmstudio",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "ollama",
    "openai",
    "openai-codex",
    "opencode",
    "openrouter",
    "qwen",
    "vertex",
    "vertex_ai",
    "x-ai",
    "xai",
    "zai",
];

/// Makers that SAP AI Core writes before a name and two dashes.
const DASHED_MAKERS: [&str; 8] =
    ["alephalpha", "amazon", "anthropic", "deepseek-ai", "google", "meta", "mistralai", "openai"];

/// Splits off a tool's prefix, also after a path.
fn tool_prefix(name: &str) -> Option<(&str, &str)> {
    leading_tool(name).or_else(|| name.rsplit_once('/').and_then(|(_, own)| leading_tool(own)))
}

/// Splits off a tool's prefix: `anthropic:`, `anthropic--`, `aws.`, `antigravity-`.
fn leading_tool(name: &str) -> Option<(&str, &str)> {
    let colon = || name.split_once(':').filter(|(tool, _)| TOOLS.contains(tool));
    let dashes = || name.split_once("--").filter(|(maker, _)| DASHED_MAKERS.contains(maker));
    let joined = || {
        let tools = [("aws", "aws."), ("antigravity", "antigravity-")];
        tools.iter().find_map(|(tool, prefix)| name.strip_prefix(prefix).map(|rest| (*tool, rest)))
    };
    colon().or_else(dashes).or_else(joined).filter(|(_, rest)| some(rest).is_some())
}

/// The mark of Claude Code, and that of Cursor and Copilot.
fn long_context(name: &str) -> Option<&str> {
    name.strip_suffix("[1m]").or_else(|| name.strip_suffix("-1m")).map(str::trim_end).and_then(some)
}

fn thinking(name: &str) -> Option<&str> {
    name.strip_suffix("thinking")?.strip_suffix(['-', ':']).and_then(some)
}

const EFFORTS: [&str; 9] = ["minimal", "low", "medium", "extra-high", "xhigh", "high", "max", "ultra", "none"];

/// An effort follows a version (`gpt-5-high`, `gpt-5:high`, `gpt-5 (high)`). Without a version, the word is the size of the
/// model (`mistral-medium`).
fn effort(name: &str) -> Option<&str> {
    let bracketed = name.strip_suffix(')').and_then(|name| name.rsplit_once('('));
    let stem = match bracketed {
        Some((stem, effort)) => EFFORTS.contains(&effort).then(|| stem.trim_end()),
        None => EFFORTS.iter().find_map(|effort| name.strip_suffix(effort)?.strip_suffix(['-', ':'])),
    }?;
    stem.bytes().any(|byte| byte.is_ascii_digit()).then_some(stem)
}

/// Without the first path segment.
fn path(name: &str) -> Option<&str> {
    name.split_once('/').and_then(|(_, rest)| some(rest))
}

/// Without Bedrock's interface version: `-v1:0`, `-1:0` or `-v1`. Only `:0` marks one: `claude-v2:1` is Claude 2.1. Without
/// `:0`, only `-v1` after a model version is one: `deepseek-v3` is the model.
fn version(name: &str) -> Option<&str> {
    if let Some((stem, version)) = name.strip_suffix(":0").and_then(|name| name.rsplit_once('-')) {
        return all_digits(version.strip_prefix('v').unwrap_or(version)).then_some(stem).and_then(some);
    }
    name.strip_suffix("-v1").filter(|stem| stem.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Prefixes of clouds before a dot: regions, then makers. `deepseek.` is missing: the names after it, `v3` and `r1`, need it.
const DOTTED: [&str; 28] = [
    "us",
    "eu",
    "apac",
    "au",
    "jp",
    "ca",
    "in",
    "sa",
    "me",
    "af",
    "global",
    "us-gov",
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "google",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "writer",
    "xai",
    "zai",
];

/// Prefixes of Databricks, Gradient, Snowflake and Cerebras before a maker's own name (`databricks-claude-opus-4-5`).
const DASHED: [&str; 4] = ["databricks-", "anthropic-", "openai-", "zai-"];

fn region(name: &str) -> Option<&str> {
    let dotted = name.split_once('.').filter(|(prefix, _)| DOTTED.contains(prefix)).map(|(_, rest)| rest);
    dotted.or_else(|| DASHED.iter().find_map(|word| name.strip_prefix(word))).and_then(some)
}

fn date(name: &str) -> Option<&str> {
    let dated = || name.rsplit_once(['-', '@']).filter(|(_, last)| is_date(last)).and_then(|(stem, _)| some(stem));
    latest(name).or_else(dated)
}

fn latest(name: &str) -> Option<&str> {
    ["-latest", "@latest", "@default"].iter().find_map(|suffix| name.strip_suffix(suffix)).and_then(some)
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.starts_with("20") && all_digits(text)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
