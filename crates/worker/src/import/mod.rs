//! `worker import`: imports a file that `GET /users/me/export` of any instance wrote.
//!
//! The file is read twice: first to check all of it, then to import it in one transaction. After the commit the account follows the
//! accounts that the file lists, each in a transaction of its own: a follow takes the other account's lock, which must not be
//! held as long as an import takes. If an import is interrupted between the two, a repetition completes it.

mod file;
mod parts;

use std::path::Path;

use domain::clock::Clock;
use domain::ids::UserId;
use domain::portability::{ExportPart, Import, ImportTarget, Imported, Imports, PortabilityError};
use domain::social::{FollowOutcome, Social, SocialError};
use domain::text::plural;
use domain::usage::{Usage, UsageError};
use domain::users::{User, Username};
use portable::{Line, Refusal};
use thiserror::Error;
use time::OffsetDateTime;

use crate::rebuild;
use file::Lines;
use parts::Parts;

/// Why an import failed.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file is refused.
    #[error("nothing was changed: {0}")]
    Refused(#[from] Refusal),
    /// The account cannot be imported.
    #[error("nothing was changed: {error}{hint}")]
    Portability {
        error: PortabilityError,
        /// What to do about the error; empty or with a leading space.
        hint: &'static str,
    },
    /// A part of the file could not be stored.
    #[error("nothing was changed: storing the lines before line {line} failed: {error}")]
    Storing {
        /// The number of the last line that was read.
        line: u64,
        error: PortabilityError,
    },
    /// The import is committed, but a follow failed.
    #[error("the account was imported, but following other accounts failed: {0}; import the file again to complete it")]
    Following(SocialError),
    /// The import is committed, but its verification failed.
    #[error("the account was imported, but the rebuild that verifies it failed: {0}")]
    Rebuilding(UsageError),
}

/// The use cases of an import.
#[derive(Clone)]
pub struct Importer {
    pub imports: Imports,
    pub social: Social,
    /// Verifies the import by a rebuild.
    pub usage: Usage,
}

/// The result of checking a file.
#[derive(Debug)]
struct Checked {
    account: User,
    lines: u64,
}

impl Importer {
    /// Imports the file at `path` into the account `target`, or into a new one without it. Then rebuilds the account, which should
    /// change nothing. Passes the lines of its report to `print`.
    pub async fn import(
        &self,
        path: &Path,
        target: Option<Username>,
        trust_email: bool,
        clock: &dyn Clock,
        mut print: impl FnMut(String),
    ) -> Result<(), ImportError> {
        let now = clock.now();
        let target = target.map_or(ImportTarget::New { is_trusted: trust_email }, ImportTarget::Existing);
        let Checked { account, lines } = check(path, &target, now)?;
        print(format!("{}: {lines} lines of the account {}", path.display(), account.username));
        let had_email = account.email.is_some();
        let (imported, follows) = self.take_in(path, target, account, now).await?;
        for line in summary_lines(&imported, had_email) {
            print(line);
        }
        if !follows.is_empty() {
            print(self.follow(imported.user, &follows).await?);
        }
        let repair = self.usage.rebuild(imported.user).await.map_err(ImportError::Rebuilding)?;
        if !repair.is_clean() {
            tracing::warn!(user = %imported.user, ?repair, "rebuild after an import found differences");
        }
        print(rebuild::report(imported.username.as_str(), &repair));
        Ok(())
    }

    /// Imports everything except follows, and returns the usernames of the followed accounts.
    async fn take_in(
        &self,
        path: &Path,
        target: ImportTarget,
        account: User,
        now: OffsetDateTime,
    ) -> Result<(Imported, Vec<Username>), ImportError> {
        let mut import = self.imports.begin(target, account).await.map_err(refused)?;
        let mut lines = Lines::open(path)?;
        let (mut parts, mut follows) = (Parts::default(), Vec::new());
        while let Some(line) = lines.next_line()? {
            // Checked again: the file can have changed since the first time.
            let read = match line {
                Line::Manifest(_) | Line::Account(_) | Line::End(_) => continue,
                line => lines.explain(portable::read_part(line, now))?,
            };
            if let ExportPart::Follows(people) = &read {
                follows.extend(people.iter().map(|user| user.username.clone()));
            }
            if let Some(part) = parts.add(read) {
                take(&mut import, part, lines.number()).await?;
            }
        }
        if let Some(part) = parts.last() {
            take(&mut import, part, lines.number()).await?;
        }
        let stored = import.finish().await.map_err(|error| ImportError::Storing { line: lines.number(), error })?;
        Ok((stored, follows))
    }

    /// Follows the accounts of `people` that exist here, and returns a line with their number.
    async fn follow(&self, user: UserId, people: &[Username]) -> Result<String, ImportError> {
        let (mut followed, mut requested, mut known, mut unknown) = (0_u64, 0_u64, 0_u64, 0_u64);
        for name in people {
            match self.social.follow(user, name).await {
                Ok(FollowOutcome::Now(_)) => followed += 1,
                Ok(FollowOutcome::Requested) => requested += 1,
                Err(SocialError::AlreadyFollowing(_) | SocialError::AlreadyRequested(_)) => known += 1,
                Err(SocialError::UnknownUser(_) | SocialError::Yourself) => unknown += 1,
                Err(error) => return Err(ImportError::Following(error)),
            }
        }
        Ok(format!("follows: {followed} new, {requested} requested, {known} known before, {unknown} unknown accounts"))
    }
}

/// Checks the whole file, and returns its account.
fn check(path: &Path, target: &ImportTarget, now: OffsetDateTime) -> Result<Checked, Refusal> {
    let mut lines = Lines::open(path)?;
    let mut account = None;
    while let Some(line) = lines.next_line()? {
        match line {
            Line::Manifest(_) | Line::End(_) => {}
            Line::Account(line) => account = Some(lines.explain(portable::read_account(line, target, now))?),
            line => drop(lines.explain(portable::read_part(line, now))?),
        }
    }
    let number = lines.number();
    let account = account.ok_or(Refusal::CutOff(number))?;
    Ok(Checked { account, lines: number })
}

async fn take(import: &mut Import, part: ExportPart, line: u64) -> Result<(), ImportError> {
    import.take(part).await.map_err(|error| ImportError::Storing { line, error })
}

fn refused(error: PortabilityError) -> ImportError {
    let hint = match error {
        PortabilityError::UsernameTaken(_) => " To import into it, use --user.",
        PortabilityError::UnknownUsername(_) => " To create it, import without --user.",
        _ => "",
    };
    ImportError::Portability { error, hint }
}

/// The report of an import as lines. `had_email`: whether the file has an email address.
fn summary_lines(imported: &Imported, had_email: bool) -> Vec<String> {
    let Imported { username, email, is_new, new_messages, updated_messages, known_messages, .. } = imported;
    let mut lines = Vec::new();
    if *is_new {
        lines.push(format!("{username}: new account without a password"));
        match email {
            None if had_email => lines.push(format!("{username}: email address left out: another account has it")),
            _ => {}
        }
        if imported.links > 0 {
            lines.push(format!("{username}: linked accounts at providers: {}", imported.links));
        }
    }
    lines.push(format!("messages: {new_messages} new, {updated_messages} updated, {known_messages} known before"));
    if imported.ignored_projects > 0 {
        let ignored = plural(imported.ignored_projects, "message");
        lines.push(format!("projects of {ignored} left out: the account has the most projects"));
    }
    lines.push(format!(
        "also new: {} unlocks, {} events, {} activities, {} notifications, {} projects of the profile",
        imported.unlocks, imported.events, imported.activities, imported.notifications, imported.projects
    ));
    lines
}
