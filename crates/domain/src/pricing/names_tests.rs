//! The forms of names, by example.

use super::*;

/// The last form of `name` after `step` in its first group.
fn after(step: NameStep, name: &str) -> String {
    let (forms, bare) = seller_forms(name);
    let (dated, _) = undated_forms(bare);
    let found = forms.into_iter().chain(dated).rfind(|(at, _)| *at <= step);
    found.map(|(_, form)| form.into_owned()).expect("a form")
}

/// Checks that `step` turns each name into the plain one, and that the step before does not.
fn check(step: NameStep, before: NameStep, table: &[(&str, &str)]) {
    for (name, plain) in table {
        assert_eq!(after(step, name), *plain, "{name}");
        if name != plain {
            assert_eq!(after(before, name), *name, "{name} is no business of an earlier step");
        }
    }
}

#[test]
fn names_equivalent_spellings_are_one() {
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
        ("claude-4.7-opus", "claude-opus-4-7"),
        ("claude-4-7-opus", "claude-opus-4-7"),
        ("claude-5-sonnet", "claude-sonnet-5"),
        ("claude-5.1-fable", "claude-fable-5-1"),
        ("claude-3-5-sonnet-20241022", "claude-sonnet-3-5-20241022"),
        ("claude-2.1", "claude-2-1"),
        ("claude-v2", "claude-v2"),
        ("claude-4-v2", "claude-4-v2"),
        ("claude-instant-1.2", "claude-instant-1-2"),
        ("claude-4-5-6-opus", "claude-4-5-6-opus"),
        ("claude-100-opus", "claude-100-opus"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929"),
        ("text-bison@001", "text-bison@001"),
        ("codestral@2405", "codestral@2405"),
        ("deepseek.v3.2", "deepseek-v3-2"),
    ];
    check(NameStep::Written, NameStep::Exact, &table);
}

#[test]
fn names_path_segments_are_removed() {
    let table = [
        ("anthropic/claude", "claude"),
        ("openrouter/anthropic/claude", "claude"),
        ("cloudflare/@cf/zai-org/glm-4", "glm-4"),
        ("github-copilot/claude-4.7-opus", "claude-opus-4-7"),
        ("claude/", "claude/"),
        ("claude/ ", "claude/ "),
        ("/", "/"),
    ];
    for (name, plain) in table {
        assert_eq!(after(NameStep::Path, name), plain, "{name}");
    }
    let (forms, _) = seller_forms("a/b/c");
    let forms: Vec<&str> = forms.iter().map(|(_, form)| &**form).collect();
    assert_eq!(forms, ["a/b/c", "a/b/c", "a/b/c", "b/c", "c", "c", "c"], "one segment after the other");
}

#[test]
fn names_interface_versions_are_removed() {
    let table = [
        ("claude-opus-4-6-v1", "claude-opus-4-6"),
        ("claude-opus-4-6-v1:0", "claude-opus-4-6"),
        ("gpt-oss-120b-1:0", "gpt-oss-120b"),
        ("claude-v2:1", "claude-v2:1"),
        ("claude-v1", "claude-v1"),
        ("claude-v2", "claude-v2"),
        ("deepseek-v3", "deepseek-v3"),
        ("titan-text-express-v1", "titan-text-express-v1"),
        ("claude-3-5-sonnet-v2", "claude-sonnet-3-5-v2"),
        ("llama-v:0", "llama-v:0"),
        ("llama-vx:0", "llama-vx:0"),
        ("-v1:0", "-v1:0"),
    ];
    for (name, plain) in table {
        assert_eq!(after(NameStep::Version, name), plain, "{name}");
    }
}

#[test]
fn names_regions_and_makers_are_removed() {
    let table = [
        ("us.anthropic.claude-opus-4", "claude-opus-4"),
        ("global.amazon.nova-2-lite", "nova-2-lite"),
        ("us-gov.openai.gpt-oss-120b", "gpt-oss-120b"),
        ("xai.grok-4", "grok-4"),
        ("databricks-claude-opus-4", "claude-opus-4"),
        ("us.deepseek.r1", "deepseek-r1"),
        ("mars.claude", "mars.claude"),
        ("us.", "us."),
    ];
    check(NameStep::Region, NameStep::Version, &table);
}

#[test]
fn names_trailing_date_is_removed() {
    let table = [
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("grok-4-latest", "grok-4"),
        ("mistral-large@latest", "mistral-large"),
        ("claude-opus-4-6@default", "claude-opus-4-6"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("gpt-4-0613", "gpt-4-0613"),
        ("model-19990101", "model-19990101"),
        ("model-2025051x", "model-2025051x"),
        ("model-202505141", "model-202505141"),
        ("-20250514", "-20250514"),
        ("20250514", "20250514"),
        ("-latest", "-latest"),
    ];
    check(NameStep::Date, NameStep::Region, &table);
}

#[test]
fn names_listed_name_keeps_date_and_client_marks() {
    let last = |name: &str| listed_forms(name).pop().map(|(_, form)| form.into_owned());
    let table = [
        ("openrouter/qwen/qwen3.5-plus-20260420", "qwen3-5-plus-20260420"),
        ("vertex_ai/claude-opus-4-5@20251101", "claude-opus-4-5-20251101"),
        ("moonshot/kimi-k2-thinking", "kimi-k2-thinking"),
        ("mistral/mistral-large-latest", "mistral-large"),
        ("vertex_ai/claude-opus-4-6@default", "claude-opus-4-6"),
        ("eu.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
    ];
    for (name, plain) in table {
        assert_eq!(last(name).as_deref(), Some(plain));
    }
}

/// The remaining names after each client mark.
fn marks(name: &str) -> Vec<&str> {
    successors(client_mark(name), |called| client_mark(called)).collect()
}

#[test]
fn names_client_marks_are_removed_one_at_a_time() {
    let table: [(&str, &[&str]); 22] = [
        ("claude-4[1m]", &["claude-4"]),
        ("claude-4 [1m]", &["claude-4"]),
        ("claude-4-1m", &["claude-4"]),
        ("claude-4[2m]", &[]),
        ("[1m]", &[]),
        ("claude-4-thinking", &["claude-4"]),
        ("claude-4:thinking", &["claude-4"]),
        ("kimi-thinking-turbo", &[]),
        ("-thinking", &[]),
        ("claude-4-thinking-xhigh[1m]", &["claude-4-thinking-xhigh", "claude-4-thinking", "claude-4"]),
        ("claude-4-high-thinking", &["claude-4-high", "claude-4"]),
        ("anthropic:claude-4", &["claude-4"]),
        ("openai-codex:gpt-5", &["gpt-5"]),
        ("anthropic--claude-4", &["claude-4"]),
        ("aws.anthropic.claude-4", &["anthropic.claude-4"]),
        ("antigravity-claude-4-thinking", &["claude-4-thinking", "claude-4"]),
        ("google/antigravity-claude-4", &["claude-4"]),
        ("antigravity-kimi-k2-thinking", &["kimi-k2-thinking", "kimi-k2"]),
        ("ft:gpt-4", &[]),
        ("qwen3:30b", &[]),
        ("anthropic:", &[]),
        ("aws.", &[]),
    ];
    for (name, left) in table {
        assert_eq!(marks(name), left, "{name}");
    }
}

#[test]
fn names_effort_is_removed_after_version_only() {
    for effort in EFFORTS {
        for name in [
            format!("gpt-5-{effort}"),
            format!("gpt-5:{effort}"),
            format!("gpt-5 ({effort})"),
            format!("gpt-5({effort})"),
        ] {
            assert_eq!(marks(&name), ["gpt-5"], "{name}");
        }
        assert_eq!(marks(&format!("gpt-5-thinking-{effort}")), ["gpt-5-thinking", "gpt-5"]);
        assert_eq!(marks(&format!("mistral-{effort}")), [""; 0], "a size");
        assert_eq!(marks(&format!("-{effort}")), [""; 0]);
    }
    assert_eq!(marks("gpt-5-highest"), [""; 0]);
    assert_eq!(marks("gpt-5 (fast)"), [""; 0]);
}

#[test]
fn names_affixes_are_removed_in_any_order() {
    let table = [
        ("claude-4.5-opus-high-thinking", "claude-opus-4-5"),
        ("claude-4.5-opus-thinking-high", "claude-opus-4-5"),
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4-20250514-thinking-latest", "claude-sonnet-4"),
        ("us.anthropic.claude-opus-4-5-thinking-v1:0", "claude-opus-4-5"),
        ("claude-opus-4-5-thinking@20251101", "claude-opus-4-5"),
        ("google/antigravity-claude-opus-4-6-thinking-high", "claude-opus-4-6"),
    ];
    for (name, plain) in table {
        assert_eq!(plainest(name), plain);
    }
}

#[test]
fn names_groups_go_from_specific_to_general() {
    let mut groups = Vec::new();
    let nothing = each_group("eu.anthropic.claude-5-20260101-thinking", |forms| {
        groups.push(forms.last().map(|(_, form)| form.to_string()).expect("a form"));
        assert!(forms.is_sorted_by_key(|(step, _)| *step));
        None::<()>
    });
    assert_eq!(nothing, None);
    assert_eq!(groups, ["claude-5-20260101-thinking", "claude-5-20260101-thinking", "claude-5-20260101", "claude-5"]);
    assert_eq!(each_group("a", |forms| Some(forms.len())), Some(5));
}

#[test]
fn names_can_state_provider() {
    let table = [
        ("bedrock/anthropic.claude-5", Some(("bedrock", "anthropic.claude-5"))),
        ("openai-codex:gpt-5", Some(("openai-codex", "gpt-5"))),
        ("ft:gpt-4", None),
        ("claude", None),
        ("/claude", None),
        ("claude/", None),
    ];
    for (name, stated) in table {
        assert_eq!(stated_provider(name), stated, "{name}");
    }
}
