//! The ledger and the rows derived from it.

pub(crate) mod account_names;
mod derived;
mod handovers;
mod messages;
pub(crate) mod projects;

use std::collections::{BTreeSet, HashMap, HashSet};

use account_names::{AccountNameRow, AccountNames, read_names};
use derived::DeltaWrites;
use domain::days::Window;
use domain::usage::ports::{
    LedgerCursor, LedgerRepository, LedgerWrite, RecordedWrite, RollupChanges, SharedNames, SyncLock, SyncStart,
};
use domain::usage::room::{MOST_MACHINES, NameUse};
use domain::usage::{
    Derived, Handover, InstantRange, LedgerEntry, MachineId, MessageKey, Model, ProjectName, RepricedAccount, Source,
};

use handovers::TouchedMachine;
use messages::MessageWrites;
use projects::ProjectRow;

use crate::accounts::{AccountRow, lock_account, read_account};
use crate::prelude::*;
use crate::progress::read_facts;
use crate::schema::machines;
use crate::statement::rows_if_any;
use crate::unit_of_work::PgUnitOfWork;

#[async_trait]
impl LedgerRepository for PgUnitOfWork {
    async fn lock_for_sync(&mut self, user: UserId, start: &SyncStart) -> Result<Option<SyncLock>, StoreError> {
        let SyncStart { machine, source, keys: wanted, projects, has_usage, at } = start;
        let source_key = self.known_keys([source.clone()].into()).await?.get(source).copied();
        let find = source_key.filter(|_| !wanted.is_empty()).map(|key| messages::find_messages(user, key, wanted));
        let touch = statement(include_str!("touch_machine.sql"))
            .bind::<SqlUuid>(user.0)
            .bind::<Text>(machine.as_str())
            .bind::<Timestamptz>(*at)
            .bind::<BigInt>(to_bigint(MOST_MACHINES))
            .bind::<Bool>(*has_usage)
            .bind::<Text>(source.as_str());
        let make_projects = (!projects.is_empty()).then(|| projects::make_projects(user, projects));
        let c = self.connection()?;
        let (_, account, touched, names, projects, stored) = futures_util::try_join!(
            lock_account(user).run(c),
            read_account(user).optional::<AccountRow>(c),
            touch.optional::<TouchedMachine>(c),
            read_names(user).rows::<AccountNameRow>(c),
            rows_if_any::<ProjectRow>(make_projects, c),
            rows_if_any(find, c),
        )?;
        self.account_names = AccountNames::stored(user, &names);
        self.machines.extend(touched.iter().map(|touched| (touched.key, machine.clone())));
        self.projects.add(user, projects);
        let mut stored = messages::named(self, user, stored).await?;
        if source_key.is_none() && !wanted.is_empty() {
            // Another server may have made the name, and the messages, while this one waited for the lock.
            let known = self.known_keys([source.clone()].into()).await?;
            if let Some(&key) = known.get(source) {
                stored = messages::entries(self, user, messages::find_messages(user, key, wanted)).await?;
            }
        }
        let (machine_fits, handover_from) = (touched.is_some(), touched.and_then(|touched| touched.since));
        let projects = start.projects.iter().filter(|project| self.projects.has(project)).cloned().collect();
        Ok(account.map(|account| SyncLock { account: account.into(), machine_fits, projects, stored, handover_from }))
    }

    async fn name_use(&mut self, user: UserId, names: &SharedNames) -> Result<NameUse, StoreError> {
        if !self.account_names.is_of(user) {
            self.account_names = AccountNames::stored(user, &read_names(user).rows(self.connection()?).await?);
        }
        let sources = self.known_keys(names.sources.clone()).await?;
        let models = self.known_keys(names.models.clone()).await?;
        Ok(self.account_names.usage(names, &sources, &models))
    }

    async fn make_names(&mut self, names: &SharedNames) -> Result<(), StoreError> {
        self.make(names.sources.clone()).await?;
        self.make(names.models.clone()).await
    }

    async fn make_projects(
        &mut self,
        user: UserId,
        projects: &[ProjectName],
    ) -> Result<HashSet<ProjectName>, StoreError> {
        if !projects.is_empty() {
            let rows = projects::make_projects(user, projects).rows(self.connection()?).await?;
            self.projects.add(user, rows);
        }
        Ok(projects.iter().filter(|project| self.projects.has(project)).cloned().collect())
    }

    async fn find(
        &mut self,
        user: UserId,
        source: &Source,
        keys: &[MessageKey],
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let source_key = self.keys([source.clone()].into()).await?.get(source).copied().unwrap_or_default();
        messages::entries(self, user, messages::find_messages(user, source_key, keys)).await
    }

    async fn write(
        &mut self,
        user: UserId,
        new: &[LedgerEntry],
        replacements: &[LedgerEntry],
    ) -> Result<(), StoreError> {
        MessageWrites::prepare(self, user, new, replacements).await?.run(self.connection()?).await
    }

    async fn record(&mut self, user: UserId, write: &LedgerWrite, month: Window) -> Result<RecordedWrite, StoreError> {
        let messages = MessageWrites::prepare(self, user, &write.new, &write.replacements).await?;
        let delta = DeltaWrites::prepare(self, user, &write.delta).await?;
        let c = self.connection()?;
        let apply = async {
            match delta {
                Some(delta) => delta.run(c).await,
                None => Ok(RollupChanges::default()),
            }
        };
        let ((), rollups, facts) = futures_util::try_join!(messages.run(c), apply, read_facts(month, c))?;
        Ok(RecordedWrite { rollups, facts })
    }

    async fn apply_delta(&mut self, user: UserId, delta: &Derived) -> Result<RollupChanges, StoreError> {
        match DeltaWrites::prepare(self, user, delta).await? {
            Some(delta) => delta.run(self.connection()?).await,
            None => Ok(RollupChanges::default()),
        }
    }

    async fn page(
        &mut self,
        user: UserId,
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let query = messages::page_of(self, include_str!("page_messages.sql"), user, after, limit).await?;
        messages::entries(self, user, query).await
    }

    async fn page_within(
        &mut self,
        user: UserId,
        reach: &InstantRange,
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let query = messages::page_of(self, include_str!("page_messages_within.sql"), user, after, limit)
            .await?
            .bind::<Nullable<Text>>(reach.source.as_ref().map(Source::as_str))
            .bind::<Nullable<Timestamptz>>(reach.since)
            .bind::<Nullable<Timestamptz>>(reach.until);
        messages::entries(self, user, query).await
    }

    async fn page_covered(
        &mut self,
        user: UserId,
        handover: &Handover,
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let query = messages::page_of(self, include_str!("page_covered.sql"), user, after, limit)
            .await?
            .bind::<Text>(handover.source.as_str())
            .bind::<Text>(handover.machine.as_str())
            .bind::<Timestamptz>(handover.from);
        messages::entries(self, user, query).await
    }

    async fn keep_handover(&mut self, user: UserId, handover: &Handover) -> Result<(), StoreError> {
        self.store_handover(user, handover).await
    }

    async fn end_handovers(&mut self, user: UserId, source: Option<Source>) -> Result<bool, StoreError> {
        self.remove_handovers(user, source.as_ref()).await
    }

    async fn handovers(&mut self, user: UserId) -> Result<Vec<Handover>, StoreError> {
        self.stored_handovers(user).await
    }

    async fn page_unpriced(
        &mut self,
        user: UserId,
        models: &[Model],
        after: Option<LedgerCursor>,
        limit: usize,
    ) -> Result<Vec<LedgerEntry>, StoreError> {
        let models = self.keys(models.iter().cloned().collect()).await?;
        let query = messages::page_of(self, include_str!("page_unpriced.sql"), user, after, limit).await?;
        messages::entries(self, user, query.bind_array::<Integer>(models.into_values())).await
    }

    async fn insert_repriced(&mut self, repriced: &RepricedAccount) -> Result<(), StoreError> {
        statement(include_str!("upsert_repricing.sql"))
            .bind::<SqlUuid>(repriced.user.0)
            .bind::<BigInt>(repriced.edition.0)
            .bind::<Timestamptz>(repriced.at)
            .bind::<BigInt>(to_bigint(repriced.messages))
            .bind::<Numeric>(Money(repriced.cost))
            .exec(self.connection()?)
            .await
    }

    async fn remove(&mut self, user: UserId, entries: &[LedgerEntry]) -> Result<(), StoreError> {
        messages::remove(self, user, entries).await
    }

    async fn remove_idle_names(&mut self, user: UserId) -> Result<(), StoreError> {
        statement(include_str!("remove_idle_names.sql")).bind::<SqlUuid>(user.0).exec(self.connection()?).await
    }

    async fn rebuild_summaries(&mut self, user: UserId) -> Result<bool, StoreError> {
        derived::rebuild_summaries(user, self.connection()?).await
    }

    async fn mark_rebuilt(&mut self, user: UserId) -> Result<(), StoreError> {
        let text = "UPDATE usage_totals SET rebuild_due = false WHERE user_key = (SELECT key FROM users WHERE id = $1)";
        statement(text).bind::<SqlUuid>(user.0).exec(self.connection()?).await
    }

    async fn derived(&mut self, user: UserId) -> Result<Derived, StoreError> {
        derived::read(self, user).await
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = machines)]
struct MachineRow {
    key: i32,
    name: String,
}

impl PgUnitOfWork {
    /// Learns the names of the machines with these keys.
    async fn learn_machines(&mut self, mut keys: BTreeSet<i32>) -> Result<(), StoreError> {
        keys.retain(|key| !self.machines.contains_key(key));
        if keys.is_empty() {
            return Ok(());
        }
        let query = statement("SELECT key, name FROM machines WHERE key = ANY($1)").bind_array::<Integer>(keys);
        self.read_machines(query).await
    }

    async fn read_machines(&mut self, query: Statement<'_>) -> Result<(), StoreError> {
        let rows: Vec<MachineRow> = query.rows(self.connection()?).await?;
        self.machines.extend(rows.into_iter().map(|row| (row.key, MachineId::trusted(row.name))));
        Ok(())
    }

    /// The keys of these machines of `user`, made where there are none.
    async fn machine_keys(
        &mut self,
        user: UserId,
        mut wanted: BTreeSet<MachineId>,
    ) -> Result<HashMap<MachineId, i32>, StoreError> {
        for name in self.machines.values() {
            wanted.remove(name);
        }
        if !wanted.is_empty() {
            let query = statement(include_str!("machine_keys.sql"))
                .bind::<SqlUuid>(user.0)
                .bind_array::<Text>(wanted.iter().map(MachineId::as_str));
            self.read_machines(query).await?;
        }
        Ok(self.machines.iter().map(|(key, name)| (name.clone(), *key)).collect())
    }
}
