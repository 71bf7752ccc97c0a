//! The ledger and what is derived from it.

pub(crate) mod account_names;
mod derived;
mod messages;

use std::collections::BTreeSet;

use account_names::AccountNames;
use async_trait::async_trait;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Numeric, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::usage::ports::{Cursor, LedgerRepository, Moved, SharedNames, SyncLock};
use domain::usage::room::{MOST_MACHINES, NameUse};
use domain::usage::{Derived, Entry, MachineId, MessageKey, Model, Reach, RepricedAccount, Source};
use time::OffsetDateTime;

use crate::accounts::{lock_account, only, read_accounts};
use crate::error::store_error;
use crate::numeric::Money;
use crate::statement::statement;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl LedgerRepository for PgUnitOfWork {
    async fn lock_for_sync(
        &mut self,
        user: UserId,
        machine: &MachineId,
        has_usage: bool,
        at: OffsetDateTime,
    ) -> Result<Option<SyncLock>, StoreError> {
        let connection = self.shared()?;
        let touch = statement::<Integer>(include_str!("touch_machine.sql"))
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

    async fn apply_delta(&mut self, user: UserId, delta: &Derived) -> Result<Moved, StoreError> {
        derived::apply_delta(self, user, delta).await
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
        statement::<()>(include_str!("note_repriced.sql"))
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
        statement::<()>(include_str!("remove_idle_names.sql"))
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
        let query = statement::<(Integer, Text)>(include_str!("machine_keys.sql"))
            .bind::<SqlUuid, _>(user.0)
            .bind::<Array<Text>, _>(missing);
        let rows: Vec<(i32, String)> = query.load(self.connection()?).await.map_err(store_error)?;
        self.machines.extend(rows.iter().map(|(key, name)| (*key, MachineId::trusted(name.clone()))));
        let found = rows.into_iter().map(|(key, name)| (MachineId::trusted(name), key));
        Ok(known.into_iter().chain(found).collect())
    }
}
