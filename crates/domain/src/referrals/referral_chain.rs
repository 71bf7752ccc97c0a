//! The people above a newcomer, locked together with them.

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
use crate::progression::{Change, EventXp, settle};
use crate::store::{Store, UnitOfWork};

/// What a referral paid, by level, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paid(pub [EventXp; 3]);

/// Up to three people above a newcomer, and the newcomer if they have an account yet, each locked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReferralChain {
    /// The newcomer's account; `None` also where it is gone.
    pub newcomer: Option<Account>,
    /// Who is above them, the nearest first.
    people: Vec<Referrer>,
}

#[derive(Debug, Clone, PartialEq)]
struct Referrer {
    id: UserId,
    /// `None` of an account that was deleted: it earns nothing, and who is above it no less.
    account: Option<Account>,
}

/// That somebody came by somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Join {
    /// Who came.
    pub referred: UserId,
    /// From where.
    pub visitor: Visitor,
    /// When.
    pub now: OffsetDateTime,
    /// Whether it is paid at once.
    pub pays: bool,
}

impl ReferralChain {
    /// Begins a transaction in which `newcomer` and those above them, from `referrer` on, are locked.
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

    /// The same from whoever has `code` on; without an upline when that is nobody.
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

    /// Locks all of them together, in `tx` or in a transaction begun instead.
    async fn lock(
        store: &dyn Store,
        mut tx: Box<dyn UnitOfWork>,
        newcomer: Option<UserId>,
        referrer: UserId,
    ) -> Result<(Box<dyn UnitOfWork>, Self), StoreError> {
        let mut chain = vec![referrer];
        chain.extend(tx.referrals().above(referrer, 2).await?);
        let everybody: BTreeSet<UserId> = chain.iter().copied().chain(newcomer).collect();
        let everybody: Vec<UserId> = everybody.into_iter().collect();
        let (mut tx, mut accounts) = lock_together(store, tx, &everybody).await?;
        tx.accounts().lock_counts(&everybody).await?;
        let newcomer = newcomer.and_then(|newcomer| accounts.get(&newcomer).cloned());
        let people = chain.into_iter().map(|id| Referrer { id, account: accounts.remove(&id) }).collect();
        Ok((tx, Self { newcomer, people }))
    }

    /// Whether nobody is above them who was not there, and so not locked, when they were looked for: somebody may have
    /// named a code meanwhile. Nobody does so twice, so to look again three times is enough.
    fn is_whole(&self) -> bool {
        let next = |place: usize| self.people.get(place + 1).map(|person| person.id);
        let stands = |place: usize, account: &Account| {
            place + 1 == Degree::ALL.len() || account.referred_by.map(|by| by.referrer) == next(place)
        };
        let locked = self.people.iter().enumerate();
        locked
            .filter_map(|(place, person)| Some((place, person.account.as_ref()?)))
            .all(|(place, one)| stands(place, one))
    }

    /// Whose code it was.
    pub(crate) fn referrer(&self) -> Option<UserId> {
        self.people.first().map(|person| person.id)
    }

    /// Stores `join`; those above have somebody more, which may earn them something. Says what it paid, or `None` when the
    /// newcomer came by somebody before.
    pub(crate) async fn join(
        self,
        tx: &mut dyn UnitOfWork,
        ids: &dyn Ids,
        join: Join,
    ) -> Result<Option<Paid>, StoreError> {
        let Some(referrer) = self.referrer() else { return Ok(None) };
        if !tx.referrals().insert(join.referred, referrer, join.now).await? {
            return Ok(None);
        }
        tx.referrals().convert_click(referrer, join.visitor, join.now).await?;
        if join.pays {
            return self.pay(tx, ids, join.referred, join.now).await.map(Some);
        }
        for (_, person, account) in self.present() {
            settle(tx, ids, join.now, person, Change::of(account)).await?;
        }
        Ok(Some(Paid::default()))
    }

    /// Pays everybody who is above `referred`, once.
    pub(crate) async fn pay(
        self,
        tx: &mut dyn UnitOfWork,
        ids: &dyn Ids,
        referred: UserId,
        now: OffsetDateTime,
    ) -> Result<Paid, StoreError> {
        let mut paid = Paid::default();
        tx.referrals().set_paid(referred, now).await?;
        for (degree, person, account) in self.present() {
            let granted = vec![ProgressEvent { reason: format!("referral:{referred}"), xp: degree.xp() }];
            settle(tx, ids, now, person, Change { granted, ..Change::of(account) }).await?;
            paid.0[degree as usize] = degree.xp();
        }
        Ok(paid)
    }

    /// Those whose accounts are there, each at the level they are at.
    fn present(self) -> impl Iterator<Item = (Degree, UserId, Account)> {
        let people = Degree::ALL.into_iter().zip(self.people);
        people.filter_map(|(degree, person)| Some((degree, person.id, person.account?)))
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

    /// People by number, each with their referrer (0: none), or deleted.
    fn chain(people: &[(u128, Option<u128>)]) -> ReferralChain {
        let person = |(id, referrer): &(u128, Option<u128>)| Referrer {
            id: user(*id),
            account: referrer.map(|by| Account {
                referred_by: (by > 0).then(|| ReferredBy { referrer: user(by), is_paid: true }),
                ..account()
            }),
        };
        ReferralChain { newcomer: None, people: people.iter().map(person).collect() }
    }

    #[test]
    fn a_chain_that_grew_meanwhile_is_looked_at_again() {
        for (people, is_whole) in [
            (&[(1, Some(0))][..], true),
            (&[(1, Some(2))], false),
            (&[(1, Some(2)), (2, Some(0))], true),
            (&[(1, Some(2)), (2, Some(3))], false),
            (&[(1, Some(2)), (2, Some(3)), (3, Some(0))], true),
            // Who is above the third is paid nothing.
            (&[(1, Some(2)), (2, Some(3)), (3, Some(4))], true),
            // Of a deleted account nothing is known, and nothing changes.
            (&[(1, None)], true),
            (&[(1, Some(2)), (2, None), (3, Some(0))], true),
        ] {
            assert_eq!(chain(people).is_whole(), is_whole, "{people:?}");
        }
    }

    #[test]
    fn who_is_gone_is_skipped_and_those_above_keep_their_level() {
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
