//! What the ledger does: take in a sync, follow its owner to another zone, derive everything anew.

use std::sync::Arc;

use super::batch::Batch;
use super::changes::{Changes, Pricer};
use super::derived::Derived;
use super::error::UsageError;
use super::intake::Intake;
use super::message::{Entry, MessageKey};
use super::names::Source;
use super::rebuild::{Repair, rederive, shift};
use super::report::{Standing, SyncReport};
use super::sums::MOST_TOKENS;
use crate::clock::Clock;
use crate::days::Zone;
use crate::ids::UserId;
use crate::pricing::CurrentBook;
use crate::store::{Store, StoreError, UnitOfWork};
use crate::streaks::Streak;

/// How many messages one statement handles.
const CHUNK: usize = 5_000;

/// The use cases of the ledger.
#[derive(Clone)]
pub struct Usage {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    prices: Arc<CurrentBook>,
}

impl Usage {
    /// Keeps the ledger in `store`, priced by whatever book is current.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, prices: Arc<CurrentBook>) -> Self {
        Self { store, clock, prices }
    }

    /// Takes in `batch` for `user`: all of its plausible messages or, on an error, none.
    pub async fn sync(&self, user: UserId, batch: Batch) -> Result<SyncReport, UsageError> {
        let now = self.clock.now();
        let (machine, source, dry_run) = (batch.machine.clone(), batch.source.clone(), batch.dry_run);
        let named_zone = batch.zone.clone();
        let mut tx = self.store.begin().await?;
        let mut account = tx.ledger().lock(user).await?.ok_or(UsageError::UnknownUser(user))?;
        tx.ledger().touch_machine(user, &machine, now).await?;
        if let (None, Some(zone)) = (&account.zone, named_zone) {
            account = move_to(&mut *tx, user, account, zone).await?;
        }
        let zone = account.zone.clone().unwrap_or_else(Zone::utc);
        let level_before = Standing::of(&account, Streak::default()).level;

        let intake = Intake::of(batch, now, MOST_TOKENS - account.totals.tokens);
        let book = self.prices.get();
        let mut pricer = Pricer::new(&book);
        let unique = intake.messages.len();
        let entries: Vec<Entry> = intake.messages.into_iter().map(|message| pricer.price(message)).collect();
        let unpriced_models = pricer.unpriced_models();
        let written = write_all(&mut *tx, user, &source, entries, &zone).await?;
        let (account, moved) = shift(&mut *tx, user, account, &written.difference).await?;
        if !dry_run {
            tx.commit().await?;
        }

        let standing = Standing::of(&account, Streak::of(&moved.active_days, zone.date(now)));
        Ok(SyncReport {
            received: intake.received,
            new: written.new,
            updated: written.updated,
            duplicates: written.known + (intake.received - intake.rejected - unique),
            rejected: intake.rejected,
            rejections: intake.rejections,
            new_rollups: moved.new_rollups,
            updated_rollups: moved.updated_rollups,
            unpriced_models,
            leveled_up: standing.level.level > level_before.level,
            standing,
        })
    }

    /// Derives everything of `user` anew from the ledger, and says what had to be changed.
    pub async fn rebuild(&self, user: UserId) -> Result<Repair, UsageError> {
        let mut tx = self.store.begin().await?;
        let account = tx.ledger().lock(user).await?.ok_or(UsageError::UnknownUser(user))?;
        let zone = account.zone.clone().unwrap_or_else(Zone::utc);
        let (_, repair) = rederive(&mut *tx, user, account, &zone).await?;
        tx.commit().await?;
        Ok(repair)
    }
}

/// Sets the zone of `user`, whose lock is held, and counts the whole history in it.
pub(crate) async fn move_to(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: super::ports::Account,
    zone: Zone,
) -> Result<super::ports::Account, StoreError> {
    tx.users().set_zone(user, &zone).await?;
    let moves = account.zone.clone().unwrap_or_else(Zone::utc) != zone && account.totals.messages > 0;
    let account = if moves { rederive(tx, user, account, &zone).await?.0 } else { account };
    Ok(super::ports::Account { zone: Some(zone), ..account })
}

/// What writing a batch came to.
#[derive(Default)]
struct Written {
    new: usize,
    updated: usize,
    known: usize,
    difference: Derived,
}

/// Compares `entries`, one copy of each message, with the ledger and writes what is new or wins.
async fn write_all(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    source: &Source,
    mut entries: Vec<Entry>,
    zone: &Zone,
) -> Result<Written, StoreError> {
    let mut written = Written::default();
    while !entries.is_empty() {
        let rest = entries.split_off(entries.len().min(CHUNK));
        let keys: Vec<MessageKey> = entries.iter().map(|entry| entry.message.key).collect();
        let stored = tx.ledger().find(user, source, &keys).await?;
        let changes = Changes::between(stored, entries);
        changes.derive(&mut written.difference, zone);
        written.new += changes.new.len();
        written.updated += changes.replaced.len();
        written.known += changes.known;
        let replacements: Vec<Entry> = changes.replaced.into_iter().map(|(_, winner)| winner).collect();
        if !(changes.new.is_empty() && replacements.is_empty()) {
            tx.ledger().write(user, &changes.new, &replacements).await?;
        }
        entries = rest;
    }
    written.difference = std::mem::take(&mut written.difference).without_zeros();
    Ok(written)
}
