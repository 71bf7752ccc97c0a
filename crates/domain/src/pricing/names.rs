//! The ways to write one model's name: the documented normalisations, in order.
//!
//! Two names are equal only if some form of one is, letter for letter, a form of the other.

use std::borrow::Cow;

/// A normalisation. Each step includes all earlier ones, in whatever order the affixes stand in the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The name as it is.
    Exact,
    /// `.` and `-` between single digits are equal: both are written `-`.
    Digits,
    /// Without what stands before the last `/`: providers and regions as path segments (`openrouter/anthropic/…`).
    Path,
    /// Without the affixes of cloud resellers: `us.`, `anthropic.`, `-v1:0`, `@20250929`.
    Cloud,
    /// Without `[1m]`, the mark of the long context.
    LongContext,
    /// Without `-thinking`.
    Thinking,
    /// Without an effort (`-minimal`, `-low`, `-medium`, `-high`, `-xhigh`).
    Effort,
    /// Without a trailing 8-digit date or `-latest`.
    Date,
}

/// Takes something off a name; `None` where it is not there or nothing would be left.
type TakeOff = fn(&str) -> Option<&str>;

/// What each step after [`Step::Digits`] takes off.
const STEPS: [(Step, TakeOff); 6] = [
    (Step::Path, path),
    (Step::Cloud, cloud),
    (Step::LongContext, long_context),
    (Step::Thinking, thinking),
    (Step::Effort, effort),
    (Step::Date, date),
];

/// Calls `look` with each step and the form of `name` after it, in order, until it answers; steps that change nothing are
/// passed on too, since they may change the other name. Work is bounded by the length of the name.
pub fn each_form<T>(name: &str, mut look: impl FnMut(Step, &str) -> Option<T>) -> Option<T> {
    if let Some(found) = look(Step::Exact, name) {
        return Some(found);
    }
    let folded = fold_digits(name);
    let mut form = &*folded;
    if let Some(found) = look(Step::Digits, form) {
        return Some(found);
    }
    for (last, (step, _)) in STEPS.iter().enumerate() {
        // Taking off one affix may bring another one of an earlier step to the end of the name.
        while let Some(shorter) = STEPS[..=last].iter().find_map(|(_, take_off)| take_off(form)) {
            form = shorter;
        }
        if let Some(found) = look(*step, form) {
            return Some(found);
        }
    }
    None
}

/// The last form of `name`, after all steps.
pub fn plainest(name: &str) -> String {
    let plain = each_form(name, |step, form| (step == Step::Date).then(|| form.to_owned()));
    plain.unwrap_or_else(|| name.to_owned())
}

/// `name` with every `.` between two single digits written as `-`.
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

/// `rest` unless nothing is left.
fn some(rest: &str) -> Option<&str> {
    (!rest.is_empty()).then_some(rest)
}

fn path(name: &str) -> Option<&str> {
    name.rsplit_once('/').and_then(|(_, rest)| some(rest))
}

/// What clouds write before a name and a dot: regions, then makers. `deepseek.` is not here: it stands before `v3`, `r1`, which
/// name no model without it.
const CLOUD_PREFIXES: [&str; 25] = [
    "us",
    "eu",
    "apac",
    "au",
    "jp",
    "ca",
    "in",
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

fn cloud(name: &str) -> Option<&str> {
    let unprefixed =
        || name.split_once('.').filter(|(prefix, _)| CLOUD_PREFIXES.contains(prefix)).map(|(_, rest)| rest);
    unprefixed().or_else(|| api_version(name)).or_else(|| at_date(name)).and_then(some)
}

/// Without Bedrock's version of the interface, `-v1:0` (or `-1:0`). Only `:0` is one: `claude-v2:1` is Claude 2.1.
fn api_version(name: &str) -> Option<&str> {
    let (stem, version) = name.strip_suffix(":0")?.rsplit_once('-')?;
    all_digits(version.strip_prefix('v').unwrap_or(version)).then_some(stem)
}

fn at_date(name: &str) -> Option<&str> {
    let (stem, version) = name.rsplit_once('@')?;
    (is_date(version) || version == "latest" || version == "default").then_some(stem)
}

fn long_context(name: &str) -> Option<&str> {
    name.strip_suffix("[1m]").and_then(some)
}

fn thinking(name: &str) -> Option<&str> {
    name.strip_suffix("-thinking").and_then(some)
}

/// An effort follows the name of a version (`gpt-5-high`); without one it is the size of the model (`mistral-medium`).
fn effort(name: &str) -> Option<&str> {
    let efforts = ["-minimal", "-low", "-medium", "-high", "-xhigh"];
    let stem = efforts.into_iter().find_map(|effort| name.strip_suffix(effort))?;
    stem.bytes().any(|byte| byte.is_ascii_digit()).then_some(stem)
}

fn date(name: &str) -> Option<&str> {
    let (stem, last) = name.rsplit_once('-')?;
    (is_date(last) || last == "latest").then_some(stem).and_then(some)
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.starts_with("20") && all_digits(text)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
