//! Imports: writes an exported account into an account of this instance.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;

use super::error::PortabilityError;
use super::merge::merge;
use super::owned::{ExportPart, PastActivity, PastEvent, PastNotification, PastProject, PastUnlock};
use crate::accounts::Account;
use crate::days::Window;
use crate::days::Zone;
use crate::deps::Deps;
use crate::error::StoreError;
use crate::identity::{Email, ExternalLink, SignInName};
use crate::ids::{ActivityId, NotificationId, ProjectId, UserId};
use crate::pricing::CurrentBook;
use crate::progression::{AccountChange, settle};
use crate::store::UnitOfWork;
use crate::usage::ports::SharedNames;
use crate::usage::room::{MOST_MACHINES, MOST_MODELS, MOST_SOURCES};
use crate::usage::{self, Handover, LedgerEntry, MOST_TOKENS, MachineId, ProjectName, UsageMessage};
use crate::users::{User, Username};

/// The account that an import writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportTarget {
    /// A new account with the name and the profile of the file.
    New {
        /// Whether the email address and the linked accounts of the file are trusted. If not, the address needs verification, and no
        /// account at a provider is linked.
        is_trusted: bool,
    },
    /// The account with this username. Its profile stays unchanged.
    Existing(Username),
}

/// The use cases of imports.
#[derive(Clone)]
pub struct Imports {
    deps: Deps,
    prices: Arc<CurrentBook>,
}

impl Imports {
    /// Prices messages by the book in force in `prices`.
    pub fn new(deps: Deps, prices: Arc<CurrentBook>) -> Self {
        Self { deps, prices }
    }

    /// Begins an import of the account `imported_user` into `target`. The account's data is stored when the import is
    /// [finished](Import::finish), and not before.
    pub async fn begin(&self, target: ImportTarget, imported_user: User) -> Result<Import, PortabilityError> {
        let mut tx = self.deps.begin().await?;
        let (user, is_new, is_trusted) = match target {
            ImportTarget::New { is_trusted } => {
                (self.make(&mut *tx, imported_user, is_trusted).await?, true, is_trusted)
            }
            ImportTarget::Existing(name) => {
                let found = tx.users().find_by_username(&name).await?;
                (found.ok_or(PortabilityError::UnknownUsername(name))?.0, false, false)
            }
        };
        let account = tx.accounts().lock(user.id).await?.ok_or(PortabilityError::UnknownUser(user.id))?;
        let report =
            Imported { user: user.id, username: user.username, email: user.email, is_new, ..Imported::nothing() };
        Ok(Import {
            deps: self.deps.clone(),
            zone: account.zone.clone().unwrap_or_else(Zone::utc),
            change: AccountChange::of(account.clone()),
            account,
            tx,
            prices: self.prices.clone(),
            now: self.deps.now(),
            links_are_trusted: is_trusted,
            machines: BTreeSet::new(),
            unlocks: Vec::new(),
            events: Vec::new(),
            report,
        })
    }

    /// Creates the account `imported_user`. It gets the email address only if no account here has it.
    async fn make(
        &self,
        tx: &mut dyn UnitOfWork,
        imported_user: User,
        is_trusted: bool,
    ) -> Result<User, PortabilityError> {
        let taken = || PortabilityError::UsernameTaken(imported_user.username.clone());
        if tx.users().free_usernames(std::slice::from_ref(&imported_user.username)).await?.is_empty() {
            return Err(taken());
        }
        let mut email = imported_user.email.clone();
        if let Some(address) = email.clone() {
            // An account that was deleted keeps its address until it is purged, however long ago the deletion was.
            let long_ago = OffsetDateTime::UNIX_EPOCH - time::Duration::DAY;
            if tx.users().find_for_sign_in(&SignInName::Email(address), long_ago).await?.is_some() {
                email = None;
            }
        }
        let user = User {
            id: UserId(self.deps.ids.fresh()),
            email_verified: imported_user.email_verified && is_trusted && email.is_some(),
            email,
            is_admin: false,
            ..imported_user.clone()
        };
        tx.users().insert(&user, None).await.map_err(|error| match error {
            StoreError::Conflict { constraint } if constraint == "users_username_key" => taken(),
            other => other.into(),
        })?;
        Ok(user)
    }
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub user: UserId,
    pub username: Username,
    pub email: Option<Email>,
    /// Whether the import created the account.
    pub is_new: bool,
    /// Messages that the ledger did not have.
    pub new_messages: u64,
    /// Messages that superseded the ledger's copy.
    pub updated_messages: u64,
    /// Messages of which the ledger had the same or a superseding copy, and superseded copies in the file.
    pub known_messages: u64,
    /// Messages that were stored without their project, because the account has the most projects.
    pub ignored_projects: u64,
    /// Unlocks that are new, or that improved a stored one.
    pub unlocks: u64,
    /// New events.
    pub events: u64,
    /// New activities.
    pub activities: u64,
    /// New notifications.
    pub notifications: u64,
    /// New projects.
    pub projects: u64,
    /// Newly linked accounts at providers.
    pub links: u64,
}

impl Imported {
    fn nothing() -> Self {
        Self {
            user: UserId(uuid::Uuid::nil()),
            username: Username::trusted(""),
            email: None,
            is_new: false,
            new_messages: 0,
            updated_messages: 0,
            known_messages: 0,
            ignored_projects: 0,
            unlocks: 0,
            events: 0,
            activities: 0,
            notifications: 0,
            projects: 0,
            links: 0,
        }
    }
}

/// A running import: one transaction under the account's lock (I1). Dropping it undoes everything.
pub struct Import {
    deps: Deps,
    tx: Box<dyn UnitOfWork>,
    prices: Arc<CurrentBook>,
    now: OffsetDateTime,
    zone: Zone,
    account: Account,
    change: AccountChange,
    links_are_trusted: bool,
    /// The imported machines, to bound their number.
    machines: BTreeSet<MachineId>,
    unlocks: Vec<PastUnlock>,
    events: Vec<PastEvent>,
    report: Imported,
}

impl Import {
    /// Imports one part. Tokens, sessions, referrals, follows and followers are ignored: they are in an export only for its reader.
    /// The caller follows the listed accounts after the import, as any follow.
    pub async fn take(&mut self, part: ExportPart) -> Result<(), PortabilityError> {
        let user = self.report.user;
        match part {
            ExportPart::Messages(entries) => self.take_messages(entries).await?,
            ExportPart::Handovers(handovers) => self.take_handovers(handovers).await?,
            ExportPart::Machines(machines) => {
                self.note_machines(machines.iter().map(|machine| &machine.id))?;
                self.tx.imports().upsert_machines(user, &machines).await?;
            }
            ExportPart::ExternalAccounts(links) => self.take_links(links).await?,
            ExportPart::Preferences(preferences) => self.tx.imports().keep_preferences(user, &preferences).await?,
            ExportPart::Code(own) => {
                // A code of another account here, or a second code, is left out.
                self.tx.referrals().give_code(user, &own.code, own.created_at).await?;
            }
            ExportPart::Events(events) => self.events.extend(events),
            ExportPart::Unlocks(unlocks) => self.unlocks.extend(unlocks),
            ExportPart::Activities(happened) => {
                let fresh = |past: PastActivity| (ActivityId(self.deps.ids.fresh()), past);
                let happened: Vec<_> = happened.into_iter().map(fresh).collect();
                self.report.activities += self.tx.imports().keep_activities(user, &happened).await?;
            }
            ExportPart::Notifications(past_notifications) => {
                let fresh = |past: PastNotification| (NotificationId(self.deps.ids.fresh()), past);
                let past_notifications: Vec<_> = past_notifications.into_iter().map(fresh).collect();
                self.report.notifications += self.tx.imports().keep_notifications(user, &past_notifications).await?;
            }
            ExportPart::Projects(projects) => {
                let fresh = |past: PastProject| (ProjectId(self.deps.ids.fresh()), past);
                let projects: Vec<_> = projects.into_iter().map(fresh).collect();
                self.report.projects += self.tx.imports().keep_projects(user, &projects).await?;
            }
            ExportPart::Account(_)
            | ExportPart::ApiTokens(_)
            | ExportPart::Sessions(_)
            | ExportPart::Referrals(_)
            | ExportPart::Follows(_)
            | ExportPart::Followers(_) => {}
        }
        Ok(())
    }

    /// Merges progress, settles the account and commits. Imported events are stored before settling, so that they are not paid
    /// again (I5).
    pub async fn finish(mut self) -> Result<Imported, PortabilityError> {
        let user = self.report.user;
        let held = self.tx.progress().unlocked(user).await?;
        let month = Window::month(user, self.zone.date(self.now));
        let (_, past) = self.tx.progress().facts(month).await?.ok_or(PortabilityError::UnknownUser(user))?;
        let merged = merge(&held, &past, self.unlocks, self.events);
        if !merged.events.is_empty() {
            self.tx.imports().keep_events(user, &merged.events).await?;
        }
        if !merged.unlocks.is_empty() {
            self.tx.imports().keep_unlocks(user, &merged.unlocks).await?;
        }
        self.change.account = self.account;
        settle(&mut *self.tx, &*self.deps.ids, self.now, user, self.change).await?;
        self.tx.commit().await?;
        let (unlocks, events) = (merged.unlocks.len() as u64, merged.events.len() as u64);
        Ok(Imported { unlocks, events, ..self.report })
    }

    /// Prices the messages at their own time by the book of this instance; their imported cost is ignored.
    async fn take_messages(&mut self, entries: Vec<LedgerEntry>) -> Result<(), PortabilityError> {
        let mut messages: Vec<UsageMessage> = entries.into_iter().map(|entry| entry.message).collect();
        let room = u64::try_from(MOST_TOKENS - self.account.totals.tokens).unwrap_or(0);
        let tokens = messages.iter().try_fold(0_u64, |sum, message| sum.checked_add(message.tokens.total()));
        if tokens.is_none_or(|tokens| tokens > room) {
            return Err(PortabilityError::OutOfRange);
        }
        self.note_machines(messages.iter().map(|message| &message.machine))?;
        let mut names = SharedNames::default();
        for message in &messages {
            names.sources.insert(message.source.clone());
            names.models.insert(message.model.clone());
        }
        self.make_names(&names).await?;
        self.make_projects(&mut messages).await?;
        let book = self.prices.get();
        let account = self.account.clone();
        let taken = usage::take_in(&mut *self.tx, self.report.user, account, messages, &book, &self.zone).await?;
        self.account = taken.account;
        self.report.new_messages += taken.new as u64;
        self.report.updated_messages += taken.updated as u64;
        self.report.known_messages += taken.known as u64;
        Ok(())
    }

    async fn take_handovers(&mut self, handovers: Vec<Handover>) -> Result<(), PortabilityError> {
        self.note_machines(handovers.iter().map(|handover| &handover.machine))?;
        let sources = handovers.iter().map(|handover| handover.source.clone()).collect();
        self.make_names(&SharedNames { sources, ..SharedNames::default() }).await?;
        for handover in &handovers {
            let account = self.account.clone();
            self.account = usage::hand_over(&mut *self.tx, self.report.user, account, handover, &self.zone).await?;
        }
        Ok(())
    }

    /// Makes `names` in a transaction of its own, as an exception from I3: an import finds names part by part and
    /// holds its locks until its end, so it and a sync could wait for each other's names. If the import fails, unused names remain,
    /// which is harmless.
    async fn make_names(&mut self, names: &SharedNames) -> Result<(), PortabilityError> {
        let used = self.tx.ledger().name_use(self.report.user, names).await?;
        if !used.models_fit() {
            return Err(PortabilityError::TooManyNames { kind: "models", most: MOST_MODELS });
        }
        if !used.sources_fit() {
            return Err(PortabilityError::TooManyNames { kind: "tools", most: MOST_SOURCES });
        }
        self.deps.retried(|| self.make_names_once(names)).await
    }

    /// Makes the projects of `messages`. A message whose project is beyond the limit is stored without it.
    async fn make_projects(&mut self, messages: &mut [UsageMessage]) -> Result<(), PortabilityError> {
        let wanted: BTreeSet<&ProjectName> = messages.iter().filter_map(|message| message.project.as_ref()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted: Vec<ProjectName> = wanted.into_iter().cloned().collect();
        let made = self.tx.ledger().make_projects(self.report.user, &wanted).await?;
        for message in messages {
            if message.project.as_ref().is_some_and(|project| !made.contains(project)) {
                message.project = None;
                self.report.ignored_projects += 1;
            }
        }
        Ok(())
    }

    /// Fails if the import has more machines than an account can have.
    fn note_machines<'a>(&mut self, machines: impl Iterator<Item = &'a MachineId>) -> Result<(), PortabilityError> {
        for machine in machines {
            if !self.machines.contains(machine) {
                self.machines.insert(machine.clone());
            }
        }
        let fit = self.machines.len() <= MOST_MACHINES;
        if fit { Ok(()) } else { Err(PortabilityError::TooManyNames { kind: "machines", most: MOST_MACHINES }) }
    }

    async fn make_names_once(&self, names: &SharedNames) -> Result<(), PortabilityError> {
        let mut tx = self.deps.begin().await?;
        tx.ledger().make_names(names).await?;
        Ok(tx.commit().await?)
    }

    /// Links accounts at providers, if the file is trusted. Otherwise the author of a file could link an account at a provider and
    /// sign in to the imported account.
    async fn take_links(&mut self, links: Vec<ExternalLink>) -> Result<(), PortabilityError> {
        for link in links.into_iter().filter(|_| self.links_are_trusted) {
            let link = ExternalLink { user: self.report.user, ..link };
            self.report.links += u64::from(self.tx.external_accounts().insert(&link).await?);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
