//! `worker rebuild`: computes roll-ups, days, hours, totals, streaks, XP and achievements again from the ledger, and reports what
//! it repaired.

use std::io::IsTerminal;

use adapters_postgres::Database;
use bootstrap::out::print_line;
use domain::error::{DomainError, ErrorKind};
use domain::ids::UserId;
use domain::usage::{RebuildReport, Usage, UsageError};
use domain::users::Username;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The accounts that one query lists.
const PAGE: usize = 500;

/// The result of a rebuild of several accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Accounts that were checked.
    pub accounts: u64,
    /// Accounts that were changed.
    pub repaired: u64,
    /// Accounts that could not be rebuilt; each is named in the log.
    pub failed: u64,
    /// The last finished username, if the rebuild was interrupted.
    pub stopped_after: Option<String>,
}

/// Rebuilds the account called `name`; `None` if there is none.
pub async fn one(store: &Database, usage: &Usage, name: &Username) -> Result<Option<Summary>, UsageError> {
    let Some(account) = store.account_named(name).await? else { return Ok(None) };
    let repair = usage.rebuild(account).await?;
    print_line(report(name.as_str(), &repair));
    Ok(Some(Summary { accounts: 1, repaired: u64::from(!repair.is_clean()), ..Summary::default() }))
}

/// Rebuilds all accounts after the username `after`, by username, until `stop` returns true. Each account is a transaction of its
/// own, so an interrupted rebuild can continue after the username in [`Summary::stopped_after`].
pub async fn all(
    store: &Database,
    usage: &Usage,
    after: Option<String>,
    stop: impl Fn() -> bool,
) -> Result<Summary, UsageError> {
    let bar = bar(store.count_accounts().await?);
    let mut summary = Summary::default();
    let mut after = after.unwrap_or_default().to_ascii_lowercase();
    loop {
        let page: Vec<(UserId, String)> = store.accounts_after(&after, PAGE).await?;
        for (account, name) in &page {
            if stop() {
                bar.abandon();
                return Ok(Summary { stopped_after: Some(after), ..summary });
            }
            match usage.rebuild(*account).await {
                Ok(repair) if repair.is_clean() => {}
                Ok(repair) => {
                    bar.suspend(|| print_line(report(name, &repair)));
                    summary.repaired += 1;
                }
                // The account was deleted meanwhile.
                Err(UsageError::UnknownUser(_)) => {}
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    bar.abandon();
                    tracing::error!(username = %name, %after, %error, "rebuild stopped");
                    return Err(error);
                }
                // The other accounts are still rebuilt (I11).
                Err(error) => {
                    tracing::error!(username = %name, %error, "rebuilding an account failed");
                    summary.failed += 1;
                }
            }
            summary.accounts += 1;
            after = name.to_ascii_lowercase();
            bar.set_message(name.clone());
            bar.inc(1);
        }
        if page.len() < PAGE {
            bar.finish();
            return Ok(summary);
        }
    }
}

/// A progress bar of `accounts` accounts, hidden unless standard error is a terminal.
fn bar(accounts: u64) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} accounts, {eta} left, last {msg}");
    let bar = ProgressBar::with_draw_target(Some(accounts), target);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One line about the repair of the account `name`.
pub(crate) fn report(name: &str, repair: &RebuildReport) -> String {
    if repair.is_clean() {
        return format!("{name}: nothing to repair ({} messages)", repair.messages);
    }
    let counts = [
        (repair.rollups, "roll-up"),
        (repair.days, "day"),
        (repair.hours, "hour"),
        (repair.projects, "project day"),
        (repair.unlocked, "missing achievement"),
    ];
    let counts = (counts.into_iter().filter(|(count, _)| *count > 0))
        .map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }));
    let sums = [
        (repair.totals, "the totals"),
        (repair.summaries, "the lifetime sums and the calendar"),
        (repair.progress, "the sums of progress"),
        (repair.counts, "the counts of follows and activities"),
    ];
    let sums = sums.into_iter().filter(|(changed, _)| *changed).map(|(_, what)| what.to_owned());
    let changed: Vec<String> = counts.chain(sums).collect();
    format!("{name}: repaired {} ({} messages)", changed.join(", "), repair.messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebuild_report_names_repaired_parts() {
        let clean = RebuildReport { messages: 3, ..RebuildReport::default() };
        for (repair, line) in [
            (clean, "ada: nothing to repair (3 messages)"),
            (RebuildReport { days: 1, totals: true, ..clean }, "ada: repaired 1 day, the totals (3 messages)"),
            (RebuildReport { projects: 2, ..clean }, "ada: repaired 2 project days (3 messages)"),
            (
                RebuildReport { rollups: 2, unlocked: 2, progress: true, ..clean },
                "ada: repaired 2 roll-ups, 2 missing achievements, the sums of progress (3 messages)",
            ),
        ] {
            assert_eq!(report("ada", &repair), line);
        }
    }
}
