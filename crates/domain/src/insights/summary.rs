//! The summary of a week, and its notification.

use time::Date;

use crate::dashboard::DayUsage;
use crate::money::Usd;
use crate::notifications::{NotificationContent, NotificationKind};
use crate::text::{grouped, plural};
use crate::usage::Sums;
use crate::weeks::Week;

/// An account's summary of a week.
#[derive(Debug, Clone, PartialEq)]
pub struct WeeklySummary {
    pub week: Week,
    pub sums: Sums,
    /// Active days of the week.
    pub active_days: u32,
    /// The day with the most tokens; `None` without tokens.
    pub best_day: Option<(Date, i64)>,
    /// The sums of the week before.
    pub before: Sums,
    /// The current streak, in days.
    pub streak: u32,
    /// The tool with the most tokens.
    pub top_tool: Option<String>,
    /// The model with the most tokens.
    pub top_model: Option<String>,
    /// The rank on the board of all time.
    pub rank: Option<u64>,
}

impl WeeklySummary {
    /// Summarises `week` from `days` of it and of the week before.
    pub fn of(week: Week, days: &[DayUsage]) -> Self {
        let (mut sums, mut before) = (Sums::default(), Sums::default());
        let (mut active_days, mut best_day) = (0, None);
        for day in days {
            if Week::of(day.date) == week.previous() {
                before += day.sums;
            } else if Week::of(day.date) == week {
                sums += day.sums;
                active_days += u32::from(day.sums.tokens > 0);
                // Of equal days the first.
                if day.sums.tokens > best_day.map_or(0, |(_, tokens)| tokens) {
                    best_day = Some((day.date, day.sums.tokens));
                }
            }
        }
        Self { week, sums, active_days, best_day, before, streak: 0, top_tool: None, top_model: None, rank: None }
    }

    /// The change of tokens against the week before in percent, truncated; `None` if that week had none.
    pub fn change_percent(&self) -> Option<i64> {
        let (now, before) = (i128::from(self.sums.tokens), i128::from(self.before.tokens));
        let percent = || (now - before) * 100 / before;
        (before > 0).then(|| i64::try_from(percent()).unwrap_or(i64::MAX))
    }

    /// The notification's content.
    pub fn content(&self) -> NotificationContent {
        let best = self.best_day;
        NotificationContent {
            kind: NotificationKind::WeeklySummary,
            title: format!("Your week: {}", plural(self.sums.tokens.unsigned_abs(), "token")),
            message: self.sentences().join(" "),
            data: vec![
                ("week", self.week.to_string().into()),
                ("from", self.week.monday().to_string().into()),
                ("to", self.week.sunday().to_string().into()),
                ("tokens", self.sums.tokens.unsigned_abs().into()),
                ("cost", self.sums.cost.into()),
                ("active_days", self.active_days.into()),
                ("streak", self.streak.into()),
                ("rank", self.rank.into()),
                ("best_day", best.map(|(date, _)| date.to_string()).into()),
                ("best_day_tokens", best.map(|(_, tokens)| tokens.unsigned_abs()).into()),
                ("top_model", self.top_model.clone().into()),
                ("top_tool", self.top_tool.clone().into()),
                ("previous_tokens", self.before.tokens.unsigned_abs().into()),
                ("previous_cost", self.before.cost.into()),
            ],
            subject: self.week.to_string(),
        }
    }

    fn sentences(&self) -> Vec<String> {
        let Sums { tokens, cost, unpriced_tokens, .. } = self.sums;
        if tokens == 0 {
            return vec![format!(
                "Nothing last week; the week before had {}.",
                plural(self.before.tokens.unsigned_abs(), "token")
            )];
        }
        let known = if unpriced_tokens > 0 && cost == Usd::ZERO { "an unknown cost".to_owned() } else { cost.cents() };
        let days = plural(self.active_days.into(), "active day");
        let mut sentences = vec![format!("{} on {days}, for {known}.", plural(tokens.unsigned_abs(), "token"))];
        sentences.push(match self.change_percent() {
            None => "The week before had none.".to_owned(),
            Some(0) => "About as much as the week before.".to_owned(),
            Some(percent) if percent > 0 => format!("That is {} % more than the week before.", grouped(percent)),
            Some(percent) => format!("That is {} % less than the week before.", percent.abs()),
        });
        if let Some((date, tokens)) = self.best_day {
            sentences.push(format!("Best day: {}, with {}.", date.weekday(), grouped(tokens)));
        }
        if let (Some(model), Some(tool)) = (&self.top_model, &self.top_tool) {
            sentences.push(format!("Most used: {model}, in {tool}."));
        }
        if self.streak > 1 {
            sentences.push(format!("Your streak is {} days.", self.streak));
        }
        if let Some(rank) = self.rank {
            sentences.push(format!("You are number {} of all time.", grouped(i64::try_from(rank).unwrap_or(i64::MAX))));
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Value;
    use time::macros::date;

    fn day(date: Date, tokens: i64, cost: i128) -> DayUsage {
        let cost = Usd::from_atto(cost * 10_i128.pow(16));
        DayUsage { date, sums: Sums { tokens, cost, ..Sums::default() } }
    }

    fn week() -> Week {
        Week::of(date!(2026 - 11 - 16))
    }

    #[test]
    fn weekly_summary_separates_weeks_by_day() {
        let days = [
            day(date!(2026 - 11 - 08), 1, 1),
            day(date!(2026 - 11 - 09), 10, 1),
            day(date!(2026 - 11 - 15), 30, 1),
            day(date!(2026 - 11 - 16), 70, 150),
            day(date!(2026 - 11 - 18), 0, 0),
            day(date!(2026 - 11 - 20), 70, 150),
            day(date!(2026 - 11 - 22), 20, 1),
            day(date!(2026 - 11 - 23), 900, 1),
        ];
        let summary = WeeklySummary::of(week(), &days);
        assert_eq!((summary.before.tokens, summary.sums.tokens, summary.active_days), (40, 160, 3));
        assert_eq!(summary.best_day, Some((date!(2026 - 11 - 16), 70)));
        assert_eq!(summary.change_percent(), Some(300));
        let content = WeeklySummary {
            streak: 12,
            rank: Some(1_234),
            top_model: Some("gpt-5".into()),
            top_tool: Some("codex".into()),
            ..summary
        }
        .content();
        assert_eq!(
            (content.dedup_key().as_str(), content.title.as_str()),
            ("weekly_summary:2026-W47", "Your week: 160 tokens")
        );
        let amount = |name| content.data.iter().find_map(|(known, value)| (*known == name).then(|| value.clone()));
        let cents = |cents: i128| Some(Value::Money(Usd::from_atto(cents * 10_i128.pow(16))));
        assert_eq!((amount("cost"), amount("previous_cost")), (cents(301), cents(2)), "money is a number");
        assert_eq!(
            content.message,
            "160 tokens on 3 active days, for $3.01. That is 300 % more than the week before. Best day: Monday, with 70. \
             Most used: gpt-5, in codex. Your streak is 12 days. You are number 1,234 of all time."
        );
    }

    #[test]
    fn weekly_summary_every_case_has_its_text() {
        let (before, now) = (date!(2026 - 11 - 10), date!(2026 - 11 - 17));
        for (days, message) in [
            (vec![day(before, 1, 1)], "Nothing last week; the week before had 1 token."),
            (
                vec![day(now, 1_000, 5)],
                "1,000 tokens on 1 active day, for $0.05. The week before had none. Best day: Tuesday, with 1,000.",
            ),
            (
                vec![day(before, 1_000, 0), day(now, 1_001, 0)],
                "1,001 tokens on 1 active day, for $0.00. About as much as the week before. Best day: Tuesday, with 1,001.",
            ),
            (
                vec![day(before, 1_000, 0), day(now, 400, 100)],
                "400 tokens on 1 active day, for $1.00. That is 60 % less than the week before. Best day: Tuesday, with 400.",
            ),
        ] {
            assert_eq!(WeeklySummary::of(week(), &days).content().message, message);
        }
        let title = |tokens| WeeklySummary::of(week(), &[day(now, tokens, 0)]).content().title;
        assert_eq!([0, 1, 1_000].map(title), ["Your week: 0 tokens", "Your week: 1 token", "Your week: 1,000 tokens"]);
        let mut unpriced = day(now, 7, 0);
        unpriced.sums.unpriced_tokens = 7;
        assert!(
            WeeklySummary::of(week(), &[unpriced])
                .content()
                .message
                .starts_with("7 tokens on 1 active day, for an unknown")
        );
    }
}
