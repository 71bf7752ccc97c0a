//! Deriving everything anew from the ledger: for another time zone, and to repair.

use super::derived::Derived;
use super::ports::{Account, Cursor, Moved};
use crate::days::Zone;
use crate::ids::UserId;
use crate::store::{StoreError, UnitOfWork};
use crate::streaks::longest_run;

/// How many messages are read at a time: what bounds the memory of a rebuild.
const PAGE: usize = 10_000;

/// What a rebuild had to change; all zero when everything was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repair {
    /// Messages read.
    pub messages: u64,
    /// Roll-up rows changed.
    pub rollups: usize,
    /// Day rows changed.
    pub days: usize,
    /// Hour rows changed.
    pub hours: usize,
    /// Whether the totals, the count of active days or the longest streak changed.
    pub totals: bool,
}

impl Repair {
    /// Whether nothing had to be changed.
    pub fn is_clean(&self) -> bool {
        Self { messages: 0, ..*self } == Self::default()
    }
}

/// Derives the rows of `user`, whose lock is held, anew in `zone`; returns the account as it is then, and what changed.
/// Costs are facts of the ledger: they are summed, not looked up again.
pub(super) async fn rederive(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    account: Account,
    zone: &Zone,
) -> Result<(Account, Repair), StoreError> {
    let mut fresh = Derived::default();
    let mut repair = Repair::default();
    let mut cursor: Option<Cursor> = None;
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
    let difference = fresh.since(&tx.ledger().derived(user).await?).without_zeros();
    repair.rollups = difference.rollups.len();
    repair.days = difference.days.len();
    repair.hours = difference.hours.len();
    let (rebuilt, _) = shift(tx, user, account.clone(), &difference).await?;
    repair.totals = (rebuilt.active_days, rebuilt.longest_streak) != (account.active_days, account.longest_streak)
        || !difference.totals.is_zero();
    Ok((rebuilt, repair))
}

/// Moves the derived rows of `user` by `difference`; returns the account as it is then, and what moved.
pub(super) async fn shift(
    tx: &mut dyn UnitOfWork,
    user: UserId,
    mut account: Account,
    difference: &Derived,
) -> Result<(Account, Moved), StoreError> {
    let moved = tx.ledger().shift(user, difference).await?;
    account.totals += difference.totals;
    let active_days = u32::try_from(moved.active_days.len()).unwrap_or(u32::MAX);
    let longest = longest_run(&moved.active_days);
    if (active_days, longest) != (account.active_days, account.longest_streak) {
        tx.ledger().set_activity(user, active_days, longest).await?;
        (account.active_days, account.longest_streak) = (active_days, longest);
    }
    Ok((account, moved))
}
