//! Re-pricing: prices stored messages once the book knows their model.

use std::fmt;
use std::sync::Arc;

use super::derived::Derived;
use super::error::UsageError;
use super::message::Model;
use super::ports::LedgerCursor;
use super::pricer::Pricer;
use super::rebuild::{apply_delta, up_to_date};
use super::repriced_account::RepricedAccount;
use crate::days::Zone;
use crate::deps::Deps;
use crate::error::{DomainError, ErrorKind};
use crate::ids::UserId;
use crate::money::Usd;
use crate::pricing::{CurrentBook, Edition, PriceBook};
use crate::progression::{AccountChange, settle};
use crate::text::plural;

/// The messages that one transaction prices: a concurrent sync of the account must not wait long.
const BATCH: usize = 5_000;

/// The result of a re-pricing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repriced {
    /// Accounts with newly priced messages.
    pub accounts: u64,
    /// Newly priced messages.
    pub messages: u64,
    /// Their total cost.
    pub cost: Usd,
}

impl fmt::Display for Repriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (messages, accounts) = (plural(self.messages, "message"), plural(self.accounts, "account"));
        write!(f, "{messages} of {accounts} priced: {}", self.cost.cents())
    }
}

/// Prices messages that have no price. A stored cost never changes (I8).
#[derive(Clone)]
pub struct Repricing {
    deps: Deps,
    prices: Arc<CurrentBook>,
}

impl Repricing {
    /// Prices by the book in force in `prices`.
    pub fn new(deps: Deps, prices: Arc<CurrentBook>) -> Self {
        Self { deps, prices }
    }

    /// Prices all messages without a price whose model the book in force knows, account by account, until none is left or `stop`
    /// returns true. A batch is one transaction with all its effects, so a later run continues where a stopped one ended. An
    /// account that fails does not affect others (I11); its error is returned at the end. The caller follows the stored edition
    /// first.
    pub async fn run(&self, stop: impl Fn() -> bool) -> Result<Repriced, UsageError> {
        let (edition, book) = self.prices.get_edition();
        let mut models = self.deps.reads().unpriced().models_to_price().await?;
        models.retain(|model| book.find(&model.name, model.provider.as_ref()).is_some());
        let (mut repriced, mut failure) = (Repriced::default(), None);
        if models.is_empty() {
            return Ok(repriced);
        }
        for user in self.deps.reads().unpriced().accounts_to_price(&models).await? {
            let before = repriced.messages;
            let mut cursor = None;
            while !stop() {
                let batch = match self.batch(user, edition, &book, &models, cursor).await {
                    Ok(batch) => batch,
                    Err(error) if error.kind() == ErrorKind::Unavailable => return Err(error),
                    Err(error) => {
                        failure = Some(error);
                        break;
                    }
                };
                repriced.messages += batch.messages;
                repriced.cost = repriced.cost + batch.cost;
                cursor = batch.next;
                if cursor.is_none() {
                    break;
                }
            }
            repriced.accounts += u64::from(repriced.messages > before);
            if stop() {
                break;
            }
        }
        failure.map_or(Ok(repriced), Err)
    }

    /// Prices the next messages of `user` after `cursor`.
    async fn batch(
        &self,
        user: UserId,
        edition: Edition,
        book: &PriceBook,
        models: &[Model],
        cursor: Option<LedgerCursor>,
    ) -> Result<Batch, UsageError> {
        self.deps.retried(|| self.batch_once(user, edition, book, models, cursor.clone())).await
    }

    async fn batch_once(
        &self,
        user: UserId,
        edition: Edition,
        book: &PriceBook,
        models: &[Model],
        cursor: Option<LedgerCursor>,
    ) -> Result<Batch, UsageError> {
        let mut tx = self.deps.begin().await?;
        // The account was deleted meanwhile.
        let Some(account) = tx.accounts().lock(user).await? else { return Ok(Batch::default()) };
        let zone = account.zone.clone().unwrap_or_else(Zone::utc);
        let account = up_to_date(&mut *tx, user, account, &zone).await?;
        let mut change = AccountChange::of(account.clone());
        let page = tx.ledger().page_unpriced(user, models, cursor, BATCH).await?;
        let last = page.last().map(|entry| (entry.message.source.clone(), entry.message.key));
        let next = last.filter(|_| page.len() >= BATCH);

        let mut pricer = Pricer::new(book);
        let (mut learned, mut delta, mut cost) = (Vec::new(), Derived::default(), Usd::ZERO);
        for old in page {
            let new = pricer.price(old.message.clone());
            // A model can have a price now and none at the time of the message.
            let Some(amount) = new.cost.amount() else { continue };
            delta.remove(&old, &zone);
            delta.add(&new, &zone);
            cost = cost + amount;
            learned.push(new);
        }
        if learned.is_empty() {
            return Ok(Batch { next, ..Batch::default() });
        }
        let now = self.deps.now();
        tx.ledger().write(user, &[], &learned).await?;
        change.account = apply_delta(&mut *tx, user, account, &delta.without_zeros()).await?.0;
        settle(&mut *tx, &*self.deps.ids, now, user, change).await?;
        let messages = learned.len() as u64;
        tx.ledger().insert_repriced(&RepricedAccount { user, edition, at: now, messages, cost }).await?;
        tx.commit().await?;
        Ok(Batch { messages, cost, next })
    }
}

/// The result of one transaction.
#[derive(Default)]
struct Batch {
    messages: u64,
    cost: Usd,
    /// Where to continue, if there may be more.
    next: Option<LedgerCursor>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::message::LedgerEntry;
    use super::super::ports::{MockUnpricedReader, RollupChanges};
    use super::*;
    use crate::error::StoreError;
    use crate::pricing::{Cost, line};
    use crate::testing::{TestReads, TestUnitOfWork};
    use crate::usage::testing::{NOW, account, message};
    use crate::usage::{ModelName, UsageMessage};
    use uuid::Uuid;

    const ADA: UserId = UserId(Uuid::from_u128(7));
    const BROKEN: UserId = UserId(Uuid::from_u128(6));
    const EDITION: Edition = Edition(4);

    fn model(name: &str) -> Model {
        Model { name: ModelName::trusted(name), provider: None }
    }

    fn unpriced(id: &str, name: &str) -> LedgerEntry {
        LedgerEntry { message: UsageMessage { model: model(name), ..message(id, 1_000_000) }, cost: Cost::Unpriced }
    }

    type Priced = (Repricing, Arc<AtomicUsize>, Arc<Mutex<Vec<RepricedAccount>>>);

    /// A re-pricing of Ada with these `pages`, the number of commits, and the records.
    fn repricing(pages: Vec<Vec<LedgerEntry>>) -> Priced {
        repricing_of(&[ADA], pages)
    }

    fn repricing_of(accounts: &'static [UserId], pages: Vec<Vec<LedgerEntry>>) -> Priced {
        let (commits, recorded) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, written) = (Arc::clone(&commits), Arc::clone(&recorded));
        let pages = Arc::new(Mutex::new(pages.into_iter()));
        let store = TestUnitOfWork::store(move || {
            let mut tx = TestUnitOfWork { commits: Arc::clone(&counted), ..TestUnitOfWork::default() };
            tx.expect_settling(BTreeSet::new());
            let (pages, written) = (Arc::clone(&pages), Arc::clone(&written));
            tx.accounts.expect_lock().returning(|user| match user {
                BROKEN => Err(StoreError::Internal("a row that makes no sense".to_owned())),
                _ => Ok(Some(account())),
            });
            tx.ledger
                .expect_page_unpriced()
                .withf(|_, models, _, _| *models == [model("learned")])
                .returning(move |_, _, _, _| Ok(pages.lock().expect("no panic").next().unwrap_or_default()));
            tx.ledger.expect_write().withf(|_, new, _| new.is_empty()).returning(|_, _, _| Ok(()));
            tx.ledger.expect_apply_delta().returning(|_, _| Ok(RollupChanges::default()));
            tx.ledger.expect_insert_repriced().returning(move |repriced| {
                written.lock().expect("no panic").push(*repriced);
                Ok(())
            });
            tx
        });
        let mut reader = MockUnpricedReader::new();
        reader.expect_models_to_price().returning(|| Ok(vec![model("learned"), model("unknown")]));
        reader.expect_accounts_to_price().returning(move |_| Ok(accounts.to_vec()));
        let rows = line::rows("learned x 2026-01-01 in=1 out=2").map(|row| row.expect("a row"));
        let prices = Arc::new(CurrentBook::new(PriceBook::default()));
        prices.replace(EDITION, PriceBook::new(rows));
        let reads = TestReads { unpriced: reader, ..TestReads::default() };
        (Repricing::new(store.with_reads(reads).deps(), prices), commits, recorded)
    }

    #[test]
    fn repricing_full_batch_is_followed_by_another() {
        let full = (0..BATCH).map(|n| unpriced(&n.to_string(), "learned")).collect();
        let (repricing, commits, recorded) = repricing(vec![full, vec![unpriced("last", "learned")]]);
        let repriced = pollster::block_on(repricing.run(|| false)).expect("prices");
        let three = |times: i128| Usd::from_atto(3 * times * 10_i128.pow(18));
        assert_eq!(repriced, Repriced { accounts: 1, messages: 5_001, cost: three(5_001) });
        let note = |messages, cost| RepricedAccount { user: ADA, edition: EDITION, at: NOW, messages, cost };
        assert_eq!(*recorded.lock().expect("no panic"), [note(5_000, three(5_000)), note(1, three(1))]);
        assert_eq!(commits.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn repricing_skips_messages_without_price_and_ends() {
        let full = (0..BATCH).map(|n| unpriced(&n.to_string(), "unknown")).collect();
        let (repricing, commits, recorded) = repricing(vec![full]);
        let repriced = pollster::block_on(repricing.run(|| false)).expect("no prices");
        assert_eq!((repriced, commits.load(Ordering::SeqCst)), (Repriced::default(), 0));
        assert!(recorded.lock().expect("no panic").is_empty());
    }

    #[test]
    fn repricing_failing_account_does_not_affect_others() {
        let (repricing, _, recorded) = repricing_of(&[BROKEN, ADA], vec![vec![unpriced("last", "learned")]]);
        let error = pollster::block_on(repricing.run(|| false)).expect_err("a failure");
        assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
        let recorded: Vec<_> = recorded.lock().expect("no panic").iter().map(|recorded| recorded.user).collect();
        assert_eq!(recorded, [ADA]);
    }

    #[test]
    fn repricing_stops_between_batches() {
        let full = || (0..BATCH).map(|n| unpriced(&n.to_string(), "learned")).collect::<Vec<_>>();
        let (repricing, commits, _) = repricing(vec![full(), full(), full()]);
        let stop = || commits.load(Ordering::SeqCst) >= 1;
        let repriced = pollster::block_on(repricing.run(stop)).expect("a start");
        assert_eq!((repriced.messages, repriced.accounts), (5_000, 1));
    }
}
