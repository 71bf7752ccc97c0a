//! Derives all data from the ledger again: for a new time zone, and for repair.

use super::derived::Derived;
use super::ports::{LedgerCursor, RollupChanges};
use crate::accounts::Account;
use crate::days::Zone;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::store::UnitOfWork;

/// The messages that are read at a time, which bounds the memory of a rebuild.
const PAGE: usize = 10_000;

/// The changes of a rebuild; all zero if everything was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the account that may have changed")]
pub struct RebuildReport {
    /// Messages read.
    pub messages: u64,
    pub rollups: usize,
    pub days: usize,
    pub hours: usize,
    /// Days of projects.
    pub projects: usize,
    pub totals: bool,
    /// Whether the lifetime sums by tool or by model or the calendar changed.
    pub summaries: bool,
    /// Whether the counts of followers, followed accounts or activities changed.
    pub counts: bool,
    /// Whether the active days, the longest streak, the XP of events or the number of achievements changed.
    pub progress: bool,
    /// Achievements that the account newly qualifies for, mostly of later definitions.
    pub unlocked: usize,
}

impl RebuildReport {
    pub fn is_clean(&self) -> bool {
        Self { messages: 0, ..*self } == Self::default()
    }
}

/// Derives the rows of `user`, whose lock is held, in `zone`. Returns the new account and the changes. Stored costs are summed,
/// not looked up again (I8).
pub(super) async fn rederive(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    zone: &Zone,
) -> Result<(Account, RebuildReport), StoreError> {
    let mut fresh = Derived::default();
    let mut repair = RebuildReport::default();
    let mut cursor: Option<LedgerCursor> = None;
    loop {
        let page = tx.ledger().page(user, cursor, PAGE).await?;
        for entry in &page {
            fresh.add(entry, zone);
        }
        repair.messages += page.len() as u64;
        cursor = page.last().map(|entry| (entry.message.source.clone(), entry.message.key));
        if page.len() < PAGE {
            break;
        }
    }
    let delta = fresh.since(&tx.ledger().derived(user).await?).without_zeros();
    repair.rollups = delta.rollups.len();
    repair.days = delta.days.len();
    repair.hours = delta.hours.len();
    repair.projects = delta.projects.len();
    repair.totals = !delta.totals.is_zero();
    let is_due = account.is_rebuild_due;
    let (rebuilt, _) = apply_delta(tx, user, account, &delta).await?;
    repair.summaries = tx.ledger().rebuild_summaries(user).await?;
    if is_due {
        tx.ledger().mark_rebuilt(user).await?;
    }
    Ok((Account { is_rebuild_due: false, ..rebuilt }, repair))
}

/// The account of `user`, whose lock is held, after a rebuild if one is due: an upgrade marked it, or its totals are impossible.
pub(super) async fn up_to_date(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    zone: &Zone,
) -> Result<Account, StoreError> {
    if account.is_rebuild_due || !account.totals.is_possible() {
        return Ok(rederive(tx, user, account, zone).await?.0);
    }
    Ok(account)
}

/// Adds `delta` to the derived rows of `user`. Returns the account with its new totals, and the changed rows.
pub(super) async fn apply_delta(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    delta: &Derived,
) -> Result<(Account, RollupChanges), StoreError> {
    let moved = tx.ledger().apply_delta(user, delta).await?;
    Ok((with_delta(account, user, delta)?, moved))
}

/// `account` of `user` with `delta` in its totals.
pub(super) fn with_delta(mut account: Account, user: UserId, delta: &Derived) -> Result<Account, StoreError> {
    account.totals += delta.totals;
    if !account.totals.is_storable() {
        return Err(StoreError::Internal(format!("the totals of {user} are out of range")));
    }
    Ok(account)
}
