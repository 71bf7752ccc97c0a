//! The figures of a weekly summary.

use domain::mail::NotificationEmail;
use domain::money::Usd;
use domain::notifications::NotificationKind;
use domain::payload::{money, number, text};
use domain::text::{grouped, plural};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

/// The figures of `news`; only a weekly summary has some.
pub(crate) fn figures(news: &NotificationEmail) -> Vec<Figure> {
    if news.kind != NotificationKind::WeeklySummary {
        return Vec::new();
    }
    let facts = &news.facts;
    let words = |name| text(facts, name).map(str::to_owned);
    let count = |name| number(facts, name).map(grouped);
    let cost = |name| money(facts, name).map(Usd::cents);
    let tokens = |name| number(facts, name).map(|tokens| plural(tokens.unsigned_abs(), "token"));
    let best = || Some(format!("{}, {}", words("best_day")?, tokens("best_day_tokens")?));
    let week = || Some(format!("{} ({} to {})", words("week")?, words("from")?, words("to")?));
    [
        ("Week", week()),
        ("Tokens", count("tokens")),
        ("Cost", cost("cost")),
        ("Active days", count("active_days")),
        ("Best day", best()),
        ("Most used model", words("top_model")),
        ("Most used tool", words("top_tool")),
        ("Streak in days", count("streak")),
        ("Rank of all time", count("rank")),
        ("Tokens the week before", count("previous_tokens")),
        ("Cost the week before", cost("previous_cost")),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some(Figure { label, value: value? }))
    .collect()
}

#[cfg(test)]
mod tests {
    use domain::payload::Value;

    use super::*;

    fn news(kind: NotificationKind, facts: &[(&str, Value)]) -> NotificationEmail {
        let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        NotificationEmail { kind, title: String::new(), message: String::new(), facts }
    }

    #[test]
    fn weekly_figures_omit_missing_values() {
        let facts = [
            ("week", "2026-W47".into()),
            ("from", "2026-11-16".into()),
            ("to", "2026-11-22".into()),
            ("tokens", 1_234_567_u64.into()),
            ("cost", Usd::from_atto(3_014_900_000_000_000_000).into()),
            ("active_days", 3_u32.into()),
            ("rank", Value::Nothing),
            ("best_day", "2026-11-17".into()),
            ("best_day_tokens", 1_000_u64.into()),
        ];
        let shown = figures(&news(NotificationKind::WeeklySummary, &facts));
        let shown: Vec<_> = shown.iter().map(|figure| (figure.label, figure.value.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("Week", "2026-W47 (2026-11-16 to 2026-11-22)"),
                ("Tokens", "1,234,567"),
                ("Cost", "$3.01"),
                ("Active days", "3"),
                ("Best day", "2026-11-17, 1,000 tokens"),
            ]
        );
        assert_eq!(figures(&news(NotificationKind::LevelUp, &facts)), []);
    }

    #[test]
    fn cost_is_shown_with_two_digits() {
        for (amount, shown) in [
            (Value::from(3_u64), Some("$3.00")),
            (Usd::from_atto(3_100_000_000_000_000_000).into(), Some("$3.10")),
            (Usd::from_atto(996_000_000_000_000_000).into(), Some("$1.00")),
            // The form that earlier releases stored.
            ("1234.5".into(), Some("$1,234.50")),
            ("x".into(), None),
            (Value::Nothing, None),
        ] {
            let costs = figures(&news(NotificationKind::WeeklySummary, &[("cost", amount)]));
            assert_eq!(costs.first().map(|figure| figure.value.as_str()), shown);
        }
    }
}
