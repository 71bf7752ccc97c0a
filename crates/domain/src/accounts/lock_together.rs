//! Locks several accounts without waiting for one while another is held (I2).

use std::collections::BTreeMap;
use std::time::Duration;

use super::account::Account;
use super::ports::Locks;
use crate::error::StoreError;
use crate::ids::UserId;
use crate::store::{Store, UnitOfWork};

/// The most attempts. Each attempt after the first waits for the lock of a busy account. So all of them fail only if other
/// transactions take one of the locks each time.
const MOST_TRIES: usize = 50;

/// The longest pause after the second attempt; it doubles with each further one. Without a pause, transactions that lock the same
/// accounts wake together, each takes one of the locks, and none gets all.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// The longest pause after any attempt.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// A transaction and the accounts that it has locked, by id. A user without an account is missing.
pub(crate) type LockedTogether = (Box<dyn UnitOfWork>, BTreeMap<UserId, Account>);

/// Locks the accounts of `users` in `tx`, or in a new transaction if one is busy. `tx` must have written nothing.
///
/// The transaction waits for an account's lock only while it holds no other (I2). So a long sync delays only requests that change
/// its own account, and transactions that lock the same accounts in different orders cannot deadlock. Fails with
/// [`StoreError::Unavailable`] if the accounts stay busy.
pub(crate) async fn lock_together(
    store: &dyn Store,
    mut tx: Box<dyn UnitOfWork>,
    users: &[UserId],
) -> Result<LockedTogether, StoreError> {
    let (mut held, mut pause) = (BTreeMap::new(), Duration::ZERO);
    for _ in 0..MOST_TRIES {
        let missing: Vec<UserId> = users.iter().copied().filter(|user| !held.contains_key(user)).collect();
        let Locks { accounts, busy } = tx.accounts().try_lock_all(&missing).await?;
        held.extend(accounts);
        let Some(&first_busy) = busy.first() else { return Ok((tx, held)) };
        // Releases all locks before waiting.
        drop(tx);
        held.clear();
        if !pause.is_zero() {
            store.pause(pause).await;
        }
        pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        tx = store.begin().await?;
        if let Some(account) = tx.accounts().lock(first_busy).await? {
            held.insert(first_busy, account);
        }
    }
    Err(StoreError::Unavailable("the accounts stayed locked by other transactions".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use pollster::block_on;
    use uuid::Uuid;

    use super::*;
    use crate::testing::TestUnitOfWork;
    use crate::usage::testing::account;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));

    /// A store that logs the steps of its transactions. A `busy` account is free after a transaction has waited for it.
    fn store(busy: &[UserId], log: &Arc<Mutex<Vec<String>>>) -> Arc<dyn Store> {
        let (busy, log) = (Arc::new(Mutex::new(busy.to_vec())), log.clone());
        let recorded = log.clone();
        let store = TestUnitOfWork::store(move || {
            log.lock().expect("a log").push("begin".to_owned());
            let mut tx = TestUnitOfWork::default();
            let (taken, recorded) = (busy.clone(), log.clone());
            tx.accounts.expect_try_lock_all().returning(move |users| {
                let taken = taken.lock().expect("a list");
                let (locked, busy) = users.iter().partition::<Vec<_>, _>(|user| !taken.contains(user));
                recorded.lock().expect("a log").push(format!("try {}", users.len()));
                Ok(Locks { accounts: locked.into_iter().map(|user| (user, account())).collect(), busy })
            });
            let (taken, recorded) = (busy.clone(), log.clone());
            tx.accounts.expect_lock().returning(move |user| {
                taken.lock().expect("a list").retain(|busy| *busy != user);
                recorded.lock().expect("a log").push(format!("wait for {}", user.0.as_u128()));
                Ok(Some(account()))
            });
            tx
        });
        Arc::new(store.with_pauses(move |longest| {
            recorded.lock().expect("a log").push(format!("pause {} ms", longest.as_millis()));
        }))
    }

    /// The locked accounts, and the logged steps.
    fn steps(busy: &[UserId]) -> (Vec<UserId>, Vec<String>) {
        let log = Arc::new(Mutex::new(Vec::new()));
        let store = store(busy, &log);
        let locked = block_on(async {
            let tx = store.begin().await?;
            let (_, held) = lock_together(&*store, tx, &[ADA, BOB]).await?;
            Ok::<_, StoreError>(held.into_keys().collect())
        });
        let locked = locked.expect("locks");
        let log = log.lock().expect("a log").clone();
        (locked, log)
    }

    #[test]
    fn lock_together_free_accounts_takes_one_step() {
        assert_eq!(steps(&[]), (vec![ADA, BOB], vec!["begin".to_owned(), "try 2".to_owned()]));
    }

    #[test]
    fn lock_together_busy_account_waits_in_transaction_without_locks() {
        let (locked, log) = steps(&[BOB]);
        assert_eq!(locked, [ADA, BOB]);
        assert_eq!(log, ["begin", "try 2", "begin", "wait for 2", "try 1"]);
        let (locked, log) = steps(&[ADA, BOB]);
        assert_eq!(locked, [ADA, BOB]);
        let after_two =
            ["begin", "try 2", "begin", "wait for 1", "try 1", "pause 2 ms", "begin", "wait for 2", "try 1"];
        assert_eq!(log, after_two, "a pause separates transactions that wait for the same accounts");
    }
}
