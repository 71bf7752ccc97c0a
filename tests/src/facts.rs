//! The stored usage of one account, in a form in which equal usage gives equal texts.

use crate::database::Database;

/// The ledger of one account and all roll-ups, as rows of text in a fixed order. Keys are replaced by names, so the facts of two
/// accounts, or of two databases, can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRows {
    /// One row per message: source, message key, instant, model, provider, machine, counts, flags, cost, project.
    pub ledger: String,
    /// One row per day, source, model and machine.
    pub rollups: String,
    /// One row per day.
    pub days: String,
    /// One row per day and hour.
    pub hours: String,
    /// One row per day and project.
    pub projects: String,
    /// Active days, longest streak and all sums.
    pub totals: String,
    /// Lifetime sums by source and by model, and the calendar.
    pub summaries: String,
}

const SUMS: &str = "messages, tokens, input, output, cache_read, cache_write, reasoning, \
                    unpriced_tokens, unpriced_messages, estimated_messages, trim_scale(cost)";

impl AccountRows {
    /// The facts of the account `username`.
    pub fn of(database: &Database, username: &str) -> Self {
        let rows = |select: &str, from: &str, order: &str| {
            let owner = format!("(SELECT key FROM users WHERE lower(username) = lower('{username}'))");
            database.rows(&format!("SELECT {select} FROM {from} WHERE t.user_key = {owner} {order}"))
        };
        let names = "JOIN sources s ON s.key = t.source_key JOIN models o ON o.key = t.model_key \
                     JOIN machines a ON a.key = t.machine_key";
        Self {
            ledger: rows(
                "s.name, message_key, at, o.name, provider, a.name, input, output, cache_read, cache_write, \
                 cache_write_1h, reasoning, flags, trim_scale(cost), p.name",
                &format!(
                    "usage_messages t {names} LEFT JOIN usage_projects p ON p.user_key = t.user_key AND p.key = t.project_key"
                ),
                "ORDER BY 1, 2",
            ),
            rollups: rows(
                &format!("day, s.name, o.name, provider, a.name, {SUMS}"),
                &format!("usage_rollups t {names}"),
                "ORDER BY 1, 2, 3, 4, 5",
            ),
            days: rows(&format!("day, {SUMS}"), "usage_days t", "ORDER BY 1"),
            hours: rows("day, hour, messages, tokens", "usage_hours t", "ORDER BY 1, 2"),
            projects: rows(
                "day, p.name, messages, tokens, trim_scale(cost)",
                "usage_project_days t JOIN usage_projects p ON p.user_key = t.user_key AND p.key = t.project_key",
                "ORDER BY 1, 2",
            ),
            totals: rows(&format!("active_days, longest_streak, {SUMS}"), "usage_totals t", ""),
            summaries: [
                rows(
                    &format!("s.name, {SUMS}, days"),
                    "usage_sources t JOIN sources s ON s.key = t.source_key",
                    "ORDER BY 1",
                ),
                rows(
                    &format!("o.name, provider, {SUMS}, days"),
                    "usage_models t JOIN models o ON o.key = t.model_key",
                    "ORDER BY 1, 2",
                ),
                rows(
                    "active, early, night, hours, busiest_day, tools_in_a_day, models_in_a_day",
                    "usage_calendars t",
                    "",
                ),
            ]
            .join("\n"),
        }
    }

    /// The number of messages in the ledger.
    pub fn messages(&self) -> usize {
        self.ledger.lines().count()
    }

    /// Fails with the differing rows unless these facts equal `others`.
    #[track_caller]
    pub fn assert_same(&self, others: &Self) {
        let parts = [
            ("ledger", &self.ledger, &others.ledger),
            ("roll-ups", &self.rollups, &others.rollups),
            ("days", &self.days, &others.days),
            ("hours", &self.hours, &others.hours),
            ("days of projects", &self.projects, &others.projects),
            ("totals", &self.totals, &others.totals),
            ("lifetime sums and calendar", &self.summaries, &others.summaries),
        ];
        for (what, left, right) in parts {
            let only = |these: &str, those: &str| -> Vec<String> {
                these.lines().filter(|row| !those.lines().any(|other| other == *row)).map(str::to_owned).collect()
            };
            assert!(left == right, "the {what} differ:\n{:#?}\n{:#?}", only(left, right), only(right, left));
        }
    }
}
