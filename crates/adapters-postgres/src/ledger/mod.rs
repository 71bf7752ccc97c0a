//! The ledger and what is derived from it.

pub(crate) mod account_names;
mod derived;
mod messages;

use std::collections::BTreeSet;

use account_names::AccountNames;
use async_trait::async_trait;
use diesel::Queryable;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::days::Zone;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::progression::EventXp;
use domain::referrals::ReferredBy;
use domain::usage::ports::{Account, Cursor, LedgerRepository, Locks, Moved, SharedNames, SyncLock};
use domain::usage::room::{MOST_MACHINES, NameUse};
use domain::usage::{Derived, Entry, MachineId, MessageKey, Model, Reach, RepricedAccount, Source};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::store_error;
use crate::numeric::Money;
use crate::statement::{Statement, statement};
use crate::sums::{SumsColumns, SumsRow};
use crate::unit_of_work::PgUnitOfWork;

type AccountColumns =
    (SqlUuid, Nullable<Text>, Integer, Integer, Integer, BigInt, (Nullable<SqlUuid>, Bool), Bool, SumsColumns);

#[derive(Queryable)]
struct AccountRow {
    id: Uuid,
    timezone: Option<String>,
    active_days: i32,
    longest_streak: i32,
    achievements: i32,
    event_xp: i64,
    /// Who referred its owner, and whether that was paid.
    referral: (Option<Uuid>, bool),
    is_rebuild_due: bool,
    totals: SumsRow,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let (referrer, is_paid) = row.referral;
        Self {
            zone: row.timezone.as_deref().and_then(Zone::parse),
            totals: row.totals.into(),
            active_days: row.active_days.unsigned_abs(),
            longest_streak: row.longest_streak.unsigned_abs(),
            event_xp: EventXp(row.event_xp),
            achievements: row.achievements.unsigned_abs(),
            referred_by: referrer.map(|referrer| ReferredBy { referrer: UserId(referrer), is_paid }),
            is_rebuild_due: row.is_rebuild_due,
        }
    }
}

#[async_trait]
impl LedgerRepository for PgUnitOfWork {
    async fn lock(&mut self, user: UserId) -> Result<Option<Account>, StoreError> {
        let connection = self.shared()?;
        let (mut first, mut second) = (connection, connection);
        let (_, account) = futures_util::try_join!(
            lock_account(user).load::<i32>(&mut first),
            read_accounts(&[user]).load(&mut second)
        )
        .map_err(store_error)?;
        Ok(only(account))
    }

    async fn try_lock_all(&mut self, users: &[UserId]) -> Result<Locks, StoreError> {
        let connection = self.shared()?;
        let (mut first, mut second) = (connection, connection);
        let lock = statement::<(SqlUuid, Bool)>(include_str!("../sql/try_lock_accounts.sql"));
        let (locked, accounts) = futures_util::try_join!(
            lock.bind::<Array<SqlUuid>, _>(uuids(users)).load::<(Uuid, bool)>(&mut first),
            read_accounts(users).load(&mut second),
        )
        .map_err(store_error)?;
        let busy: Vec<UserId> =
            locked.into_iter().filter(|(_, is_locked)| !is_locked).map(|(id, _)| UserId(id)).collect();
        let accounts = accounts.into_iter().map(|row: AccountRow| (UserId(row.id), Account::from(row)));
        Ok(Locks { accounts: accounts.filter(|(user, _)| !busy.contains(user)).collect(), busy })
    }

    async fn lock_counts(&mut self, users: &[UserId]) -> Result<(), StoreError> {
        let lock = statement::<SqlUuid>(include_str!("../sql/lock_counts.sql"));
        self.run(lock.bind::<Array<SqlUuid>, _>(uuids(users))).await?;
        Ok(())
    }

    async fn lock_for_sync(
        &mut self,
        user: UserId,
        machine: &MachineId,
        has_usage: bool,
        at: OffsetDateTime,
    ) -> Result<Option<SyncLock>, StoreError> {
        let connection = self.shared()?;
        let touch = statement::<Integer>(include_str!("../sql/touch_machine.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Text, _>(machine.as_str())
            .bind::<Timestamptz, _>(at)
            .bind::<BigInt, _>(i64::try_from(MOST_MACHINES).unwrap_or(i64::MAX))
            .bind::<Bool, _>(has_usage);
        let (mut first, mut second, mut third, mut fourth) = (connection, connection, connection, connection);
        let (_, account, keys, names): (_, _, _, Vec<(i16, i32)>) = futures_util::try_join!(
            lock_account(user).load::<i32>(&mut first),
            read_accounts(&[user]).load(&mut second),
            touch.load::<i32>(&mut third),
            account_names::stored(user).load(&mut fourth),
        )
        .map_err(store_error)?;
        let machine_fits = !keys.is_empty();
        self.account_names = AccountNames::of(user, &names);
        self.machines.extend(keys.into_iter().map(|key| (key, machine.clone())));
        Ok(only(account).map(|account| SyncLock { account, machine_fits }))
    }

    async fn name_use(&mut self, user: UserId, names: &SharedNames) -> Result<NameUse, StoreError> {
        account_names::name_use(self, user, names).await
    }

    async fn make_names(&mut self, names: &SharedNames) -> Result<(), StoreError> {
        self.make(names.sources.clone()).await?;
        self.make(names.models.clone()).await
    }

    async fn find(&mut self, user: UserId, source: &Source, keys: &[MessageKey]) -> Result<Vec<Entry>, StoreError> {
        messages::find(self, user, source, keys).await
    }

    async fn write(&mut self, user: UserId, new: &[Entry], replacements: &[Entry]) -> Result<(), StoreError> {
        messages::write(self, user, new, replacements).await
    }

    async fn shift(&mut self, user: UserId, difference: &Derived) -> Result<Moved, StoreError> {
        derived::shift(self, user, difference).await
    }

    async fn page(&mut self, user: UserId, after: Option<Cursor>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        messages::page(self, user, after, limit).await
    }

    async fn page_within(
        &mut self,
        user: UserId,
        reach: &Reach,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        messages::page_within(self, user, reach, after, limit).await
    }

    async fn page_unpriced(
        &mut self,
        user: UserId,
        models: &[Model],
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        messages::page_unpriced(self, user, models, after, limit).await
    }

    async fn note_repriced(&mut self, repriced: &RepricedAccount) -> Result<(), StoreError> {
        statement::<()>(include_str!("../sql/note_repriced.sql"))
            .bind::<SqlUuid, _>(repriced.user.0)
            .bind::<BigInt, _>(repriced.edition.0)
            .bind::<Timestamptz, _>(repriced.at)
            .bind::<BigInt, _>(i64::try_from(repriced.messages).unwrap_or(i64::MAX))
            .bind::<Numeric, _>(Money(repriced.cost))
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn remove(&mut self, user: UserId, entries: &[Entry]) -> Result<(), StoreError> {
        messages::remove(self, user, entries).await
    }

    async fn remove_idle_names(&mut self, user: UserId) -> Result<(), StoreError> {
        statement::<()>(include_str!("../sql/remove_idle_names.sql"))
            .bind::<SqlUuid, _>(user.0)
            .execute(self.connection()?)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn mark_rebuilt(&mut self, user: UserId) -> Result<(), StoreError> {
        let text = "UPDATE usage_totals SET rebuild_due = false WHERE user_key = (SELECT key FROM users WHERE id = $1)";
        self.run(statement::<()>(text).bind::<SqlUuid, _>(user.0)).await?;
        Ok(())
    }

    async fn derived(&mut self, user: UserId) -> Result<Derived, StoreError> {
        derived::read(self, user).await
    }
}

// Locking and reading are two statements, because the rows that a statement waits for are not the ones it then reads: what
// it joins is as old as its start. They are sent together, so this is one round trip.

fn lock_account(user: UserId) -> Statement<'static, Integer> {
    statement(include_str!("../sql/lock_account.sql")).bind::<SqlUuid, _>(user.0)
}

fn read_accounts(users: &[UserId]) -> Statement<'static, AccountColumns> {
    statement(include_str!("../sql/read_accounts.sql")).bind::<Array<SqlUuid>, _>(uuids(users))
}

fn uuids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.0).collect()
}

fn only(rows: Vec<AccountRow>) -> Option<Account> {
    rows.into_iter().next().map(Account::from)
}

impl PgUnitOfWork {
    /// Learns the names of the machines with these keys.
    async fn learn_machines(&mut self, mut keys: BTreeSet<i32>) -> Result<(), StoreError> {
        keys.retain(|key| !self.machines.contains_key(key));
        if keys.is_empty() {
            return Ok(());
        }
        let query = statement::<(Integer, Text)>("SELECT key, name FROM machines WHERE key = ANY($1)")
            .bind::<Array<Integer>, _>(keys.into_iter().collect::<Vec<_>>());
        let rows: Vec<(i32, String)> = query.load(self.connection()?).await.map_err(store_error)?;
        self.machines.extend(rows.into_iter().map(|(key, name)| (key, MachineId::trusted(name))));
        Ok(())
    }

    /// The keys of these machines of `user`, made where there are none.
    async fn machine_keys(
        &mut self,
        user: UserId,
        wanted: BTreeSet<MachineId>,
    ) -> Result<std::collections::HashMap<MachineId, i32>, StoreError> {
        let known: std::collections::HashMap<MachineId, i32> =
            self.machines.iter().map(|(key, name)| (name.clone(), *key)).collect();
        let missing: Vec<&str> =
            wanted.iter().filter(|name| !known.contains_key(name)).map(MachineId::as_str).collect();
        if missing.is_empty() {
            return Ok(known);
        }
        let query = statement::<(Integer, Text)>(include_str!("../sql/machine_keys.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Array<Text>, _>(missing);
        let rows: Vec<(i32, String)> = query.load(self.connection()?).await.map_err(store_error)?;
        self.machines.extend(rows.iter().map(|(key, name)| (*key, MachineId::trusted(name.clone()))));
        let found = rows.into_iter().map(|(key, name)| (MachineId::trusted(name), key));
        Ok(known.into_iter().chain(found).collect())
    }
}
