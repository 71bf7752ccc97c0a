//! `worker import`: takes in what `GET /users/me/export` of any instance wrote.
//!
//! The file is read twice. The first time everything in it is checked, and nothing is changed; the second time it is taken in,
//! in one transaction. Whom the account follows is followed after that, one by one, because that changes the accounts of
//! others, whose locks nobody may hold for as long as an import takes. An import that was cut off between the two is completed
//! by the same again.

mod file;
mod parts;

use std::path::Path;

use domain::clock::Clock;
use domain::ids::UserId;
use domain::portability::{ExportPart, Import, ImportTarget, Imported, Imports, PortabilityError};
use domain::social::{Followed, Social, SocialError};
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
    /// The file is not taken; nothing was changed.
    #[error("{0}; nothing was changed")]
    Refused(#[from] Refusal),
    /// The account cannot take it in; nothing was changed.
    #[error("{error}{hint}; nothing was changed")]
    Portability {
        /// Why not.
        error: PortabilityError,
        /// What to do about it.
        hint: &'static str,
    },
    /// What was read up to a line could not be stored; nothing was changed.
    #[error("taking in what is before line {line}: {error}; nothing was changed")]
    Storing {
        /// The line.
        line: u64,
        /// Why not.
        error: PortabilityError,
    },
    /// Everything is taken in, but somebody could not be followed.
    #[error("everything was taken in, but following people failed: {0}; the same again completes it")]
    Following(SocialError),
    /// Everything is taken in, but could not be looked at again.
    #[error("everything was taken in, but looking at it again failed: {0}")]
    Rebuilding(UsageError),
}

/// What an import is done with.
#[derive(Clone)]
pub struct Importer {
    /// Takes in what accounts own.
    pub imports: Imports,
    /// Follows people.
    pub social: Social,
    /// Looks at it again.
    pub usage: Usage,
}

/// What a file says before anything is taken from it.
#[derive(Debug)]
struct Checked {
    account: User,
    lines: u64,
}

impl Importer {
    /// Takes the file at `path` into the account called `user`, or else into a new one; then derives everything of it anew,
    /// which should change nothing. Tells `say` what it did, as lines.
    pub async fn import(
        &self,
        path: &Path,
        target: Option<Username>,
        trust_email: bool,
        clock: &dyn Clock,
        mut say: impl FnMut(String),
    ) -> Result<(), ImportError> {
        let now = clock.now();
        let target = target.map_or(ImportTarget::New { is_trusted: trust_email }, ImportTarget::Existing);
        let Checked { account, lines } = check(path, &target, now)?;
        say(format!("{}: {lines} lines, of the account {}", path.display(), account.username));
        let had_email = account.email.is_some();
        let (imported, follows) = self.take_in(path, target, account, now).await?;
        for line in told(&imported, had_email) {
            say(line);
        }
        if !follows.is_empty() {
            say(self.follow(imported.user, &follows).await?);
        }
        let repair = self.usage.rebuild(imported.user).await.map_err(ImportError::Rebuilding)?;
        if !repair.is_clean() {
            tracing::warn!(user = %imported.user, ?repair, "rebuild after an import found differences");
        }
        say(rebuild::report(imported.username.as_str(), &repair));
        Ok(())
    }

    /// Takes in everything but whom the account follows, which is returned.
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
            // Checked once more: the file may be another by now.
            let read = match line {
                Line::Manifest(_) | Line::Account(_) | Line::End(_) => continue,
                line => lines.explain(portable::read_part(line, now))?,
            };
            if let ExportPart::Follows(people) = &read {
                follows.extend(people.iter().map(|person| person.username.clone()));
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

    /// Lets `user` follow those of `people` who are here.
    async fn follow(&self, user: UserId, people: &[Username]) -> Result<String, ImportError> {
        let (mut followed, mut requested, mut known, mut unknown) = (0_u64, 0_u64, 0_u64, 0_u64);
        for name in people {
            match self.social.follow(user, name).await {
                Ok(Followed::Now(_)) => followed += 1,
                Ok(Followed::Requested) => requested += 1,
                Err(SocialError::AlreadyFollowing(_) | SocialError::AlreadyRequested(_)) => known += 1,
                Err(SocialError::UnknownUser(_) | SocialError::Yourself) => unknown += 1,
                Err(error) => return Err(ImportError::Following(error)),
            }
        }
        Ok(format!("people: {followed} followed, {requested} asked, {known} followed before, {unknown} not here"))
    }
}

/// Reads the whole file and says whose it is, unless anything in it is wrong.
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
        PortabilityError::UsernameTaken(_) => " (to take the file into it, say --user)",
        PortabilityError::UnknownUsername(_) => " (without --user, a new one is made)",
        _ => "",
    };
    ImportError::Portability { error, hint }
}

/// What an import came to, as lines. `had_email`: whether the file has an address.
fn told(imported: &Imported, had_email: bool) -> Vec<String> {
    let Imported { username, email, is_new, new_messages, updated_messages, known_messages, .. } = imported;
    let mut lines = Vec::new();
    if *is_new {
        lines.push(format!("{username}: a new account; it has no password"));
        match email {
            None if had_email => lines.push(format!("{username}: without its address, which is somebody else's here")),
            _ => {}
        }
        if imported.links > 0 {
            lines.push(format!("{username}: opened by {} accounts elsewhere", imported.links));
        }
    }
    lines.push(format!("messages: {new_messages} new, {updated_messages} updated, {known_messages} known before"));
    lines.push(format!(
        "new besides: {} unlocks, {} events, {} activities, {} notifications, {} projects",
        imported.unlocks, imported.events, imported.activities, imported.notifications, imported.projects
    ));
    lines
}
