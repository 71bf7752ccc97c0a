//! The use cases of the ledger: sync, deletion of usage, change of zone, rebuild.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::batch::{SyncBatch, Warning};
use super::changes::LedgerChanges;
use super::derived::Derived;
use super::error::UsageError;
use super::handover::{Handover, IgnoredHandover};
use super::intake::Intake;
use super::message::{LedgerEntry, MessageKey, UsageMessage, fold_copies};
use super::names::{MachineId, Source};
use super::ports::{LedgerWrite, RecordedWrite, SharedNames, SyncLock, SyncStart};
use super::pricer::Pricer;
use super::rebuild::{RebuildReport, apply_delta, rederive, up_to_date, with_delta};
use super::report::{AccountSummary, SyncReport};
use super::room::AccountRoom;
use super::selection::UsageSelection;
use super::state::SyncState;
use super::sums::MOST_TOKENS;
use crate::accounts::Account;
use crate::days::{Window, Zone};
use crate::deps::Deps;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::jobs::FirstJobs;
use crate::leaderboard::BoardUpdates;
use crate::pricing::{CurrentBook, PriceBook};
use crate::progression::{AccountChange, settle, settle_by};
use crate::referrals::ReferralChain;
use crate::store::UnitOfWork;

/// The messages that one statement handles.
const CHUNK: usize = 5_000;

/// The use cases of the ledger.
#[derive(Clone)]
pub struct Usage {
    deps: Deps,
    prices: Arc<CurrentBook>,
    first: Option<Arc<FirstJobs>>,
    boards: Option<Arc<BoardUpdates>>,
}

impl Usage {
    /// Prices by the book in force in `prices`.
    pub fn new(deps: Deps, prices: Arc<CurrentBook>) -> Self {
        Self { deps, prices, first: None, boards: None }
    }

    /// Queues boards with the first messages of an instance, before the schedule does.
    #[must_use]
    pub fn with_first_jobs(self, first: Arc<FirstJobs>) -> Self {
        Self { first: Some(first), ..self }
    }

    /// Queues a refresh of boards with new usage if a refresh is fast.
    #[must_use]
    pub fn with_board_updates(self, boards: Arc<BoardUpdates>) -> Self {
        Self { boards: Some(boards), ..self }
    }

    /// Ingests `batch` for `user`: all of its plausible messages or, on an error, none.
    pub async fn sync(&self, user: UserId, batch: SyncBatch) -> Result<SyncReport, UsageError> {
        let now = self.deps.now();
        let (machine, source) = (batch.machine.clone(), batch.source.clone());
        let (zone, dry_run, warnings) = (batch.zone.clone(), batch.dry_run, batch.warnings.clone());
        let from = batch.handover_from;
        let intake = Intake::new(batch, now);
        // More than a chunk is read chunk by chunk.
        let keys = if intake.received() <= CHUNK { intake.keys() } else { Vec::new() };
        let projects = intake.projects().to_vec();
        let start = SyncStart { machine, source, keys, projects, has_usage: intake.has_tokens(), at: now };
        let handover = from.map(|from| start.handover(from));
        let request = Request { start, zone, handover, dry_run, warnings };
        self.deps.retried(|| self.sync_once(user, &request, &intake)).await
    }

    async fn sync_once(&self, user: UserId, request: &Request, intake: &Intake) -> Result<SyncReport, UsageError> {
        let Request { start, zone: named_zone, handover, dry_run, warnings } = request;
        let (source, dry_run, now) = (&start.source, *dry_run, start.at);
        let OpenSync { mut tx, lock, unpaid } = self.open(user, start, dry_run).await?;
        let SyncLock { mut account, machine_fits, projects, mut stored, handover_from: stored_from } = lock;
        if let (None, Some(zone)) = (&account.zone, named_zone) {
            account = move_to(&mut *tx, user, account, zone.clone()).await?;
        }
        let zone = account.zone.clone().unwrap_or_else(Zone::utc);
        let mut account = up_to_date(&mut *tx, user, account, &zone).await?;
        let mut change = AccountChange::of(account.clone());

        let models = intake.models().iter().cloned().collect();
        let mut names = SharedNames { sources: BTreeSet::from([source.clone()]), models };
        let name_use = tx.ledger().name_use(user, &names).await?;
        let mut room = AccountRoom { tokens: room_of(&account), names: name_use, machine_fits, projects };
        let mut warnings = warnings.clone();
        // One that reaches less far back than the stored one changes nothing.
        let mut handover = handover.as_ref().filter(|new| stored_from.is_none_or(|stored| new.from < stored));
        let ignored = handover.and_then(|new| IgnoredHandover::reason(new, &intake.admit(&room, None), now));
        if let Some(reason) = ignored {
            warnings.push(reason.warning());
            handover = None;
        }
        let mut handed_over = 0;
        if let Some(handover) = handover {
            (account, handed_over) = remove_covered(&mut *tx, user, account, handover, &zone).await?;
            stored.retain(|entry| !handover.covers(&entry.message));
            room.tokens = room_of(&account);
            room.names = tx.ledger().name_use(user, &names).await?;
        }
        let stored = (!start.keys.is_empty()).then_some(stored);

        let in_force = stored_from.map(|from| start.handover(from));
        let admitted = intake.admit(&room, in_force.as_ref());
        if !admitted.messages.is_empty() || handover.is_some() {
            // In one step, so that transactions do not deadlock on new names (I3).
            names.models = admitted.models.iter().copied().cloned().collect();
            tx.ledger().make_names(&names).await?;
        }
        if let Some(handover) = handover {
            tx.ledger().keep_handover(user, handover).await?;
        }
        let book = self.prices.get();
        let mut pricer = Pricer::new(&book);
        let messages: Vec<&UsageMessage> = admitted.messages.iter().map(Borrow::borrow).collect();
        let written = write_all(&mut *tx, user, source, &messages, stored, &mut pricer, &zone).await?;
        let unpriced_models = pricer.unpriced_models();
        let account = with_delta(account, user, &written.last.delta)?;
        let month = Window::month(user, zone.date(now));
        let RecordedWrite { rollups: moved, facts } = tx.ledger().record(user, &written.last, month).await?;
        if handed_over > 0 {
            tx.ledger().remove_idle_names(user).await?;
        }
        // Messages without tokens are new and count as nothing.
        let has_new_usage = written.new > 0 && account.totals.messages > 0;
        change.account = account;
        let earned = settle_by(&mut *tx, &*self.deps.ids, now, user, change, facts).await?;
        if let Some(chain) = unpaid.filter(|_| has_new_usage) {
            chain.pay(&mut *tx, &*self.deps.ids, user, now).await?;
        }
        if !dry_run {
            let first = self.first.as_ref().filter(|_| has_new_usage);
            let wanted = first.map_or_else(Vec::new, |first| first.wanted(&*self.deps.ids, now));
            if !wanted.is_empty() {
                tx.jobs().enqueue(&wanted, now).await?;
            }
            let covered = match self.boards.as_ref().filter(|_| has_new_usage || written.updated > 0 || handed_over > 0)
            {
                Some(boards) => boards.ask(&mut *tx, &*self.deps.ids, self.deps.now()).await?,
                None => None,
            };
            tx.commit().await?;
            if let Some(first) = first {
                first.queued();
            }
            if let Some(boards) = &self.boards {
                boards.committed(covered);
            }
        }

        Ok(SyncReport {
            received: intake.received(),
            new: written.new,
            updated: written.updated,
            duplicates: written.known + admitted.folded + admitted.set_aside,
            set_aside: admitted.set_aside,
            handed_over,
            rejected: admitted.rejections.count,
            rejections: admitted.rejections.first,
            new_rollups: moved.new_rollups,
            updated_rollups: moved.updated_rollups,
            unpriced_models,
            warnings: warnings.into_iter().chain(admitted.ignored_projects.warning()).collect(),
            standing: AccountSummary::of(&earned),
            leveled_up: earned.leveled_up,
            unlocks: earned.unlocks,
        })
    }

    /// Begins a sync of `user`: locks the account, and its referral chain if this sync may pay it.
    async fn open(&self, user: UserId, start: &SyncStart, dry_run: bool) -> Result<OpenSync, UsageError> {
        let unknown = || UsageError::UnknownUser(user);
        let mut tx = self.deps.begin().await?;
        let lock = tx.ledger().lock_for_sync(user, start).await?.ok_or_else(unknown)?;
        let Some(referrer) = lock.account.unpaid_referrer().filter(|_| !dry_run) else {
            return Ok(OpenSync { tx, lock, unpaid: None });
        };
        // All locks are taken together (I2), so once per account, a sync begins a second transaction.
        drop(tx);
        let (mut tx, chain) = ReferralChain::begin(&*self.deps.store, user, referrer).await?;
        let lock = tx.ledger().lock_for_sync(user, start).await?.ok_or_else(unknown)?;
        // Another sync may have paid between the two.
        let unpaid = lock.account.unpaid_referrer().map(|_| chain);
        Ok(OpenSync { tx, lock, unpaid })
    }

    /// Removes the selected messages of `user`, and machines and projects without messages; returns the number of messages. Their sums and
    /// the XP of usage are taken back. Achievements and XP of events stay. A selection of all days of a tool ends its handovers: what any
    /// client sends afterwards counts.
    pub async fn forget(&self, user: UserId, selection: &UsageSelection) -> Result<u64, UsageError> {
        self.deps.retried(|| self.forget_once(user, selection)).await
    }

    async fn forget_once(&self, user: UserId, selection: &UsageSelection) -> Result<u64, UsageError> {
        let mut tx = self.deps.begin().await?;
        let account = tx.accounts().lock(user).await?.ok_or(UsageError::UnknownUser(user))?;
        let zone = account.zone.clone().unwrap_or_else(Zone::utc);
        let mut account = up_to_date(&mut *tx, user, account, &zone).await?;
        let mut change = AccountChange::of(account.clone());
        let (reach, mut cursor, mut removed) = (selection.reach(), None, 0);
        loop {
            let mut page = tx.ledger().page_within(user, &reach, cursor, CHUNK).await?;
            let is_last = page.len() < CHUNK;
            cursor = page.last().map(|entry| (entry.message.source.clone(), entry.message.key));
            page.retain(|entry| selection.has(&entry.message, &zone));
            account = take_out(&mut *tx, user, account, &page, &zone).await?;
            removed += page.len() as u64;
            if is_last {
                break;
            }
        }
        let ended = if selection.has_all_days() {
            tx.ledger().end_handovers(user, selection.source.clone()).await?
        } else {
            false
        };
        if removed > 0 || ended {
            tx.ledger().remove_idle_names(user).await?;
            change.account = account;
            settle(&mut *tx, &*self.deps.ids, self.deps.now(), user, change).await?;
            tx.commit().await?;
        }
        Ok(removed)
    }

    /// What `user` has of a tool and a machine.
    pub async fn sync_state(
        &self,
        user: UserId,
        source: &Source,
        machine: &MachineId,
    ) -> Result<SyncState, UsageError> {
        Ok(self.deps.reads().sync_state().sync_state(user, source, machine).await?)
    }

    /// Derives all data of `user` from the ledger again; returns the changes.
    pub async fn rebuild(&self, user: UserId) -> Result<RebuildReport, UsageError> {
        self.deps.retried(|| self.rebuild_once(user)).await
    }

    async fn rebuild_once(&self, user: UserId) -> Result<RebuildReport, UsageError> {
        let mut tx = self.deps.begin().await?;
        let account = tx.accounts().lock(user).await?.ok_or(UsageError::UnknownUser(user))?;
        let zone = account.zone.clone().unwrap_or_else(Zone::utc);
        let mut change = AccountChange::of(account.clone());
        let (account, repair) = rederive(&mut *tx, user, account, &zone).await?;
        // Before achievements are judged by them.
        let counts = tx.follows().recount(user).await?;
        change.account = account;
        let earned = settle(&mut *tx, &*self.deps.ids, self.deps.now(), user, change).await?;
        tx.commit().await?;
        Ok(RebuildReport { counts, progress: earned.corrected, unlocked: earned.unlocks.len(), ..repair })
    }
}

/// The tokens that `account` can still have.
fn room_of(account: &Account) -> i64 {
    MOST_TOKENS - account.totals.tokens
}

/// Removes `entries` of `user` and their effect on the derived rows.
async fn take_out(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    entries: &[LedgerEntry],
    zone: &Zone,
) -> Result<Account, StoreError> {
    if entries.is_empty() {
        return Ok(account);
    }
    let mut delta = Derived::default();
    for entry in entries {
        delta.remove(entry, zone);
    }
    tx.ledger().remove(user, entries).await?;
    Ok(apply_delta(tx, user, account, &delta).await?.0)
}

/// Removes the messages of `user` that `handover` covers; returns the account afterwards and their number.
async fn remove_covered(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    mut account: Account,
    handover: &Handover,
    zone: &Zone,
) -> Result<(Account, u64), StoreError> {
    let (mut cursor, mut removed) = (None, 0);
    loop {
        let page = tx.ledger().page_covered(user, handover, cursor, CHUNK).await?;
        account = take_out(tx, user, account, &page, zone).await?;
        removed += page.len() as u64;
        if page.len() < CHUNK {
            return Ok((account, removed));
        }
        cursor = page.last().map(|entry| (entry.message.source.clone(), entry.message.key));
    }
}

/// Stores `handover` for `user`, whose lock is held, and removes the messages that it covers. Returns the account afterwards.
pub(crate) async fn hand_over(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    handover: &Handover,
    zone: &Zone,
) -> Result<Account, StoreError> {
    let account = up_to_date(tx, user, account, zone).await?;
    let (account, _) = remove_covered(tx, user, account, handover, zone).await?;
    tx.ledger().keep_handover(user, handover).await?;
    Ok(account)
}

/// Sets the zone of `user`, whose lock is held, and recounts the whole history in it.
pub(crate) async fn move_to(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    zone: Zone,
) -> Result<Account, StoreError> {
    tx.users().set_zone(user, &zone).await?;
    let moves = account.zone.clone().unwrap_or_else(Zone::utc) != zone && account.totals.messages > 0;
    let account = if moves { rederive(tx, user, account, &zone).await?.0 } else { account };
    Ok(Account { zone: Some(zone), ..account })
}

/// The result of ingesting messages.
pub(crate) struct IngestOutcome {
    /// The account afterwards.
    pub account: Account,
    /// Messages that the ledger did not have.
    pub new: usize,
    /// Messages that superseded the ledger's copy.
    pub updated: usize,
    /// Messages of which the ledger had the same or a superseding copy, superseded copies among the ingested ones, and messages that a
    /// handover covers.
    pub known: usize,
}

/// Ingests `messages` of any tools for `user`, whose lock is held; priced by `book`, counted in `zone`.
pub(crate) async fn take_in(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    messages: Vec<UsageMessage>,
    book: &PriceBook,
    zone: &Zone,
) -> Result<IngestOutcome, StoreError> {
    let mut by_source = BTreeMap::<Source, Vec<UsageMessage>>::new();
    for message in messages {
        by_source.entry(message.source.clone()).or_default().push(message);
    }
    let account = up_to_date(tx, user, account, zone).await?;
    let handovers = tx.ledger().handovers(user).await?;
    let mut taken = IngestOutcome { account, new: 0, updated: 0, known: 0 };
    let mut pricer = Pricer::new(book);
    for (source, mut messages) in by_source {
        let received = messages.len();
        messages.retain(|message| !handovers.iter().any(|handover| handover.covers(message)));
        let messages = fold_copies(messages);
        let folded = received - messages.len();
        let messages: Vec<&UsageMessage> = messages.iter().collect();
        let written = write_all(tx, user, &source, &messages, None, &mut pricer, zone).await?;
        let LedgerWrite { new, replacements, delta } = &written.last;
        write(tx, user, new, replacements).await?;
        taken.account = apply_delta(tx, user, taken.account, delta).await?.0;
        taken.new += written.new;
        taken.updated += written.updated;
        taken.known += written.known + folded;
    }
    Ok(taken)
}

/// The fields of a sync request besides its messages.
struct Request {
    start: SyncStart,
    zone: Option<Zone>,
    handover: Option<Handover>,
    dry_run: bool,
    warnings: Vec<Warning>,
}

/// A sync that has begun.
struct OpenSync {
    tx: Box<dyn UnitOfWork>,
    lock: SyncLock,
    /// The referral chain that its first new message pays.
    unpaid: Option<ReferralChain>,
}

/// The result of writing a batch.
#[derive(Default)]
struct Written {
    new: usize,
    updated: usize,
    known: usize,
    /// What is not yet written: the last chunk, and the delta of all chunks.
    last: LedgerWrite,
}

/// Prices `messages`, one copy of each, compares them with the ledger, and writes new and superseding ones but for the last chunk.
/// `stored` are the ledger's copies, if they were read and there is one chunk.
async fn write_all(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    source: &Source,
    messages: &[&UsageMessage],
    mut stored: Option<Vec<LedgerEntry>>,
    pricer: &mut Pricer<'_>,
    zone: &Zone,
) -> Result<Written, StoreError> {
    let mut written = Written::default();
    let mut delta = Derived::default();
    for chunk in messages.chunks(CHUNK) {
        write(tx, user, &written.last.new, &written.last.replacements).await?;
        let entries: Vec<LedgerEntry> = chunk.iter().map(|message| pricer.price((*message).clone())).collect();
        let keys: Vec<MessageKey> = entries.iter().map(|entry| entry.message.key).collect();
        let stored = match stored.take() {
            Some(stored) => stored,
            None => tx.ledger().find(user, source, &keys).await?,
        };
        let changes = LedgerChanges::between(stored, entries);
        changes.derive(&mut delta, zone);
        written.new += changes.new.len();
        written.updated += changes.replaced.len();
        written.known += changes.known;
        written.last.new = changes.new;
        written.last.replacements = changes.replaced.into_iter().map(|(_, winner)| winner).collect();
    }
    written.last.delta = delta.without_zeros();
    Ok(written)
}

/// Writes the messages, if there are any.
async fn write(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    new: &[LedgerEntry],
    replacements: &[LedgerEntry],
) -> Result<(), StoreError> {
    if new.is_empty() && replacements.is_empty() {
        return Ok(());
    }
    tx.ledger().write(user, new, replacements).await
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;
