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

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of `name` after `step`.
    fn after(step: Step, name: &str) -> String {
        each_form(name, |at, form| (at == step).then(|| form.to_owned())).expect("every step is passed on")
    }

    /// Checks that `step` makes `plain` of `name`, and that the step before leaves what it is for.
    fn check(step: Step, before: Step, table: &[(&str, &str)]) {
        for (name, plain) in table {
            assert_eq!(after(step, name), *plain, "{name}");
            if name != plain {
                assert_eq!(after(before, name), *name, "{name} is no business of an earlier step");
            }
        }
    }

    #[test]
    fn a_dot_between_single_digits_is_a_dash() {
        let table = [
            ("claude-sonnet-4.5", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5", "claude-sonnet-4-5"),
            ("qwen2.5-coder", "qwen2-5-coder"),
            ("v1.2.3", "v1-2-3"),
            ("4.5", "4-5"),
            ("grok-4.20", "grok-4.20"),
            ("a-10.5", "a-10.5"),
            ("us.anthropic.claude", "us.anthropic.claude"),
            ("claude-4.x", "claude-4.x"),
            ("claude.5", "claude.5"),
            (".5-4.", ".5-4."),
            ("ü4.5", "ü4-5"),
        ];
        check(Step::Digits, Step::Exact, &table);
    }

    #[test]
    fn path_segments_are_taken_off() {
        let table = [
            ("anthropic/claude", "claude"),
            ("openrouter/anthropic/claude", "claude"),
            ("cloudflare/@cf/zai-org/glm-4", "glm-4"),
            ("claude/", "claude/"),
            ("/", "/"),
        ];
        check(Step::Path, Step::Digits, &table);
    }

    #[test]
    fn affixes_of_clouds_are_taken_off() {
        let table = [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
            ("global.amazon.nova-2-lite-v1:0", "nova-2-lite"),
            ("us-gov.openai.gpt-oss-120b-1:0", "gpt-oss-120b"),
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
            ("mistral-large@latest", "mistral-large"),
            ("claude-opus-4-6@default", "claude-opus-4-6"),
            ("xai.grok-4", "grok-4"),
            ("claude-v2:1", "claude-v2:1"),
            ("claude-v2", "claude-v2"),
            ("llama-v:0", "llama-v:0"),
            ("llama-vx:0", "llama-vx:0"),
            ("text-bison@001", "text-bison@001"),
            ("codestral@2405", "codestral@2405"),
            ("deepseek.v3", "deepseek.v3"),
            ("mars.claude", "mars.claude"),
            ("us.", "us."),
            ("@20250929", "@20250929"),
            ("-v1:0", "-v1:0"),
        ];
        check(Step::Cloud, Step::Path, &table);
    }

    #[test]
    fn the_long_context_mark_is_taken_off() {
        check(
            Step::LongContext,
            Step::Cloud,
            &[("claude-4[1m]", "claude-4"), ("claude-4[2m]", "claude-4[2m]"), ("[1m]", "[1m]")],
        );
    }

    #[test]
    fn thinking_is_taken_off() {
        let table = [
            ("claude-4-thinking", "claude-4"),
            ("kimi-thinking-turbo", "kimi-thinking-turbo"),
            ("-thinking", "-thinking"),
        ];
        check(Step::Thinking, Step::LongContext, &table);
    }

    #[test]
    fn an_effort_is_taken_off_a_version_but_not_a_size_off_a_family() {
        let table = [
            ("gpt-5-minimal", "gpt-5"),
            ("gpt-5-low", "gpt-5"),
            ("gpt-5-medium", "gpt-5"),
            ("gpt-5-high", "gpt-5"),
            ("gpt-5-xhigh", "gpt-5"),
            ("gpt-5-max", "gpt-5-max"),
            ("mistral-medium", "mistral-medium"),
            ("-high", "-high"),
        ];
        check(Step::Effort, Step::Thinking, &table);
    }

    #[test]
    fn a_trailing_date_is_taken_off() {
        let table = [
            ("claude-sonnet-4-20250514", "claude-sonnet-4"),
            ("grok-4-latest", "grok-4"),
            ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
            ("gpt-4-0613", "gpt-4-0613"),
            ("model-19990101", "model-19990101"),
            ("model-2025051x", "model-2025051x"),
            ("model-202505141", "model-202505141"),
            ("-20250514", "-20250514"),
            ("20250514", "20250514"),
            ("-latest", "-latest"),
        ];
        check(Step::Date, Step::Effort, &table);
    }

    #[test]
    fn affixes_come_off_in_whatever_order_they_stand() {
        let table = [
            ("claude-4.5-opus-high-thinking", "claude-4-5-opus"),
            ("claude-4.5-opus-thinking-high", "claude-4-5-opus"),
            ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", "claude-sonnet-4-5"),
            ("anthropic/claude-sonnet-4-20250514-thinking-latest", "claude-sonnet-4"),
        ];
        for (name, plain) in table {
            assert_eq!(plainest(name), plain);
        }
    }

    #[test]
    fn every_step_is_passed_on_once_and_in_order_until_one_answers() {
        let mut steps = Vec::new();
        let nothing = each_form("gpt-5", |step, _| {
            steps.push(step);
            None::<()>
        });
        assert_eq!((nothing, steps.len()), (None, 8));
        assert!(steps.is_sorted());
        assert_eq!(each_form("a/b", |step, form| (form == "b").then_some(step)), Some(Step::Path));
        assert_eq!(each_form("a", |step, _| Some(step)), Some(Step::Exact));
    }
}
