//! `stats-cache.json`: what the tool counted itself, by day and model. It stays when transcripts are deleted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use time::Date;
use time::macros::format_description;

use crate::DayTotal;
use crate::content::{Count, model_name};
use crate::files::file_name;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStats {
    #[serde(default)]
    daily_model_tokens: Vec<RawDay>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDay {
    date: String,
    #[serde(default)]
    tokens_by_model: BTreeMap<String, Count>,
}

/// The totals in a directory of settings, or in the one that has these `projects`. A file of another form has none.
pub(super) fn day_totals(root: &Path) -> Vec<DayTotal> {
    let root = if file_name(root) == "projects" { root.parent().unwrap_or(root) } else { root };
    let stats = fs::read(root.join("stats-cache.json")).ok().and_then(|stats| serde_json::from_slice(&stats).ok());
    let days = stats.map_or_else(Vec::new, |stats: RawStats| stats.daily_model_tokens);
    days.into_iter()
        .filter_map(|day| Some((Date::parse(&day.date, format_description!("[year]-[month]-[day]")).ok()?, day)))
        .flat_map(|(date, day)| {
            let models = day.tokens_by_model.into_iter();
            models.map(move |(model, tokens)| DayTotal { date, model: model_name(Some(&model)), tokens: tokens.0 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::testing::Home;

    #[test]
    fn day_totals_are_by_model() {
        let home = Home::new();
        home.write(
            ".claude/stats-cache.json",
            r#"{"version":2,"lastComputedDate":"2026-11-19","dailyModelTokens":[{"date":"2026-11-19","tokensByModel":{"Claude-Opus-5-5":900,"claude-haiku-4-5":90}},{"date":"x","tokensByModel":{"a":1}}]}"#,
        );
        let total = |model: &str, tokens| DayTotal { date: date!(2026 - 11 - 19), model: model.to_owned(), tokens };
        let expected = [total("claude-opus-5-5", 900), total("claude-haiku-4-5", 90)];
        assert_eq!(day_totals(&home.path(".claude")), expected);
        assert_eq!(day_totals(&home.path(".claude/projects")), expected);
        assert_eq!(day_totals(&home.path("nowhere")), []);
    }
}
