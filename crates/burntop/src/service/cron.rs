//! One line in the user's table of cron.

use std::path::Path;

use super::program::{exists, feed, output};
use super::variables::{Variable, inherited};
use super::{InstalledService, Scheduler};
use crate::failure::Failure;
use crate::random;

/// Marks the line of burntop. No other line is touched.
const MARK: &str = "# burntop sync (managed by `burntop service`)";

pub(super) fn install(program: &Path) -> Result<InstalledService, Failure> {
    let table = table()?;
    feed("crontab", &["-"], &with_line(&table, program, &inherited()?, random::number() % 60))?;
    Ok(InstalledService { scheduler: Scheduler::Cron, files: Vec::new(), is_active: true })
}

pub(super) fn status() -> Result<Option<InstalledService>, Failure> {
    let is_installed = table()?.lines().any(is_ours);
    Ok(is_installed.then(|| InstalledService { scheduler: Scheduler::Cron, files: Vec::new(), is_active: true }))
}

pub(super) fn remove() -> Result<bool, Failure> {
    let table = table()?;
    if !table.lines().any(is_ours) {
        return Ok(false);
    }
    feed("crontab", &["-"], &without_line(&table))?;
    Ok(true)
}

/// The user's table; empty without one. `crontab -l` fails if there is none, and then only.
fn table() -> Result<String, Failure> {
    if !exists("crontab") {
        return Ok(String::new());
    }
    let output = output("crontab", &["-l"])?;
    Ok(if output.status.success() { String::from_utf8_lossy(&output.stdout).into_owned() } else { String::new() })
}

fn is_ours(line: &str) -> bool {
    line.ends_with(MARK)
}

fn without_line(table: &str) -> String {
    table.lines().filter(|line| !is_ours(line)).fold(String::new(), |text, line| text + line + "\n")
}

/// `table` with one line that syncs at `minute` of every hour.
fn with_line(table: &str, program: &Path, variables: &[Variable], minute: u64) -> String {
    // The shell reads the line after cron, to which a percent sign is a line break.
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''")).replace('%', r"\%");
    let program = quoted(&program.to_string_lossy());
    let variable = |(name, value): &Variable| format!("{name}={} ", quoted(value));
    let variables = variables.iter().map(variable).collect::<Vec<_>>().concat();
    format!("{}{minute} * * * * {variables}{program} sync >/dev/null 2>&1 {MARK}\n", without_line(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_line_is_replaced_and_removed_and_others_stay() {
        let others = "MAILTO=ada\n# burntop sync by hand\n0 4 * * * backup\n";
        let variables = [("CODEX_HOME", "/5% $x".to_owned())];
        let once = with_line(others, Path::new("/opt/my 5%/it's/burntop"), &variables, 7);
        let line = r"7 * * * * CODEX_HOME='/5\% $x' '/opt/my 5\%/it'\''s/burntop' sync >/dev/null 2>&1 # burntop sync (managed by `burntop service`)";
        assert_eq!(once, format!("{others}{line}\n"));
        let twice = with_line(&once, Path::new("/b"), &[], 8);
        assert_eq!(twice.lines().filter(|line| is_ours(line)).count(), 1);
        assert_eq!(without_line(&twice), others);
        assert_eq!(without_line(""), "");
    }
}
