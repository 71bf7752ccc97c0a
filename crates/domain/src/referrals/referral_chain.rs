//! The accounts above a referred account, locked together with it.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::click::Visitor;
use super::code::ReferralCode;
use super::degree::Degree;
use crate::accounts::Account;
use crate::accounts::lock_together;
use crate::achievements::ports::ProgressEvent;
use crate::error::StoreError;
use crate::ids::{Ids, UserId};
use crate::progression::{AccountChange, EventXp, settle};
use crate::store::{Store, UnitOfWork};

/// The XP that a referral paid, by level, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaidXp(pub [EventXp; 3]);

/// Up to three accounts above a newcomer, and the newcomer if its account exists yet, all locked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReferralChain {
    /// The newcomer's account; `None` also if it was deleted.
    pub newcomer: Option<Account>,
    /// The accounts above it, nearest first.
    people: Vec<Referrer>,
}

#[derive(Debug, Clone, PartialEq)]
struct Referrer {
    id: UserId,
    /// `None` if the account was deleted: it earns nothing, and the accounts above it earn as before.
    account: Option<Account>,
}

/// A referral to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewReferral {
    pub referred: UserId,
    pub visitor: Visitor,
    pub now: OffsetDateTime,
    /// Whether it is paid at once.
    pub pays: bool,
}

impl ReferralChain {
    /// Begins a transaction that locks `newcomer` and the chain that starts with `referrer`.
    pub(crate) async fn begin(
        store: &dyn Store,
        newcomer: UserId,
        referrer: UserId,
    ) -> Result<(Box<dyn UnitOfWork>, Self), StoreError> {
        loop {
            let (tx, chain) = Self::lock(store, store.begin().await?, Some(newcomer), referrer).await?;
            if chain.is_whole() {
                return Ok((tx, chain));
            }
        }
    }

    /// Begins a transaction that locks the chain that starts with the owner of `code`; without a chain if no account has the
    /// code.
    pub(crate) async fn begin_by_code(
        store: &dyn Store,
        newcomer: Option<UserId>,
        code: &ReferralCode,
    ) -> Result<(Box<dyn UnitOfWork>, Option<Self>), StoreError> {
        loop {
            let mut tx = store.begin().await?;
            let Some(owner) = tx.referrals().owner(code).await? else { return Ok((tx, None)) };
            let (tx, chain) = Self::lock(store, tx, newcomer, owner).await?;
            if chain.is_whole() {
                let is_there = chain.people.first().is_some_and(|owner| owner.account.is_some());
                return Ok((tx, is_there.then_some(chain)));
            }
        }
    }

    /// Locks all accounts together (I2), in `tx` or in a transaction begun instead.
    async fn lock(
        store: &dyn Store,
        mut tx: Box<dyn UnitOfWork>,
        newcomer: Option<UserId>,
        referrer: UserId,
    ) -> Result<(Box<dyn UnitOfWork>, Self), StoreError> {
        let mut chain = vec![referrer];
        chain.extend(tx.referrals().above(referrer, 2).await?);
        let users: BTreeSet<UserId> = chain.iter().copied().chain(newcomer).collect();
        let users: Vec<UserId> = users.into_iter().collect();
        let (mut tx, mut accounts) = lock_together(store, tx, &users).await?;
        tx.accounts().lock_counts(&users).await?;
        let newcomer = newcomer.and_then(|newcomer| accounts.get(&newcomer).cloned());
        let people = chain.into_iter().map(|id| Referrer { id, account: accounts.remove(&id) }).collect();
        Ok((tx, Self { newcomer, people }))
    }

    /// Whether the locked chain is complete. An account can gain a referrer between the look-up and the lock. It does so only
    /// once, so three retries suffice.
    fn is_whole(&self) -> bool {
        let next = |place: usize| self.people.get(place + 1).map(|user| user.id);
        let stands = |place: usize, account: &Account| {
            place + 1 == Degree::ALL.len() || account.referred_by.map(|by| by.referrer) == next(place)
        };
        let locked = self.people.iter().enumerate();
        locked.filter_map(|(place, user)| Some((place, user.account.as_ref()?))).all(|(place, one)| stands(place, one))
    }

    pub(crate) fn referrer(&self) -> Option<UserId> {
        self.people.first().map(|user| user.id)
    }

    /// Stores `join` and settles the accounts above, whose counts of referrals grew. Returns the paid XP, or `None` if the
    /// newcomer already has a referrer.
    pub(crate) async fn join(
        self,
        tx: &mut dyn UnitOfWork,
        ids: &dyn Ids,
        join: NewReferral,
    ) -> Result<Option<PaidXp>, StoreError> {
        let Some(referrer) = self.referrer() else { return Ok(None) };
        if !tx.referrals().insert(join.referred, referrer, join.now).await? {
            return Ok(None);
        }
        tx.referrals().convert_click(referrer, join.visitor, join.now).await?;
        if join.pays {
            return self.pay(tx, ids, join.referred, join.now).await.map(Some);
        }
        for (_, user, account) in self.present() {
            settle(tx, ids, join.now, user, AccountChange::of(account)).await?;
        }
        Ok(Some(PaidXp::default()))
    }

    /// Pays the accounts above `referred`, once.
    pub(crate) async fn pay(
        self,
        tx: &mut dyn UnitOfWork,
        ids: &dyn Ids,
        referred: UserId,
        now: OffsetDateTime,
    ) -> Result<PaidXp, StoreError> {
        let mut paid = PaidXp::default();
        tx.referrals().set_paid(referred, now).await?;
        for (degree, user, account) in self.present() {
            let granted = vec![ProgressEvent { reason: format!("referral:{referred}"), xp: degree.xp() }];
            settle(tx, ids, now, user, AccountChange { granted, ..AccountChange::of(account) }).await?;
            paid.0[degree as usize] = degree.xp();
        }
        Ok(paid)
    }

    /// The accounts that still exist, with their level.
    fn present(self) -> impl Iterator<Item = (Degree, UserId, Account)> {
        let people = Degree::ALL.into_iter().zip(self.people);
        people.filter_map(|(degree, user)| Some((degree, user.id, user.account?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::referrals::ReferredBy;
    use crate::usage::testing::account;
    use uuid::Uuid;

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    /// Accounts by number, each with its referrer (0: none) or deleted.
    fn chain(people: &[(u128, Option<u128>)]) -> ReferralChain {
        let referrer_of = |(id, referrer): &(u128, Option<u128>)| Referrer {
            id: user(*id),
            account: referrer.map(|by| Account {
                referred_by: (by > 0).then(|| ReferredBy { referrer: user(by), is_paid: true }),
                ..account()
            }),
        };
        ReferralChain { newcomer: None, people: people.iter().map(referrer_of).collect() }
    }

    #[test]
    fn referral_chain_that_grew_is_incomplete() {
        for (people, is_whole) in [
            (&[(1, Some(0))][..], true),
            (&[(1, Some(2))], false),
            (&[(1, Some(2)), (2, Some(0))], true),
            (&[(1, Some(2)), (2, Some(3))], false),
            (&[(1, Some(2)), (2, Some(3)), (3, Some(0))], true),
            // The account above the third is paid nothing.
            (&[(1, Some(2)), (2, Some(3)), (3, Some(4))], true),
            // The referrer of a deleted account is unknown and cannot change.
            (&[(1, None)], true),
            (&[(1, Some(2)), (2, None), (3, Some(0))], true),
        ] {
            assert_eq!(chain(people).is_whole(), is_whole, "{people:?}");
        }
    }

    #[test]
    fn referral_chain_deleted_account_is_skipped_and_levels_stay() {
        use Degree::{First, Second, Third};
        for (people, paid) in [
            (&[(1, Some(0))][..], &[(First, 1)][..]),
            (&[(1, Some(2)), (2, Some(3)), (3, Some(4))], &[(First, 1), (Second, 2), (Third, 3)]),
            (&[(1, Some(2)), (2, None), (3, Some(0))], &[(First, 1), (Third, 3)]),
            (&[(1, None), (2, Some(0))], &[(Second, 2)]),
            (&[(1, None)], &[]),
        ] {
            let present: Vec<_> = chain(people).present().map(|(degree, id, _)| (degree, id.0.as_u128())).collect();
            assert_eq!(present, paid, "{people:?}");
        }
    }
}
