//! The names that the messages of an account use, whose number is bounded.

use std::collections::HashSet;

use domain::usage::ports::SharedNames;
use domain::usage::room::NameUse;

use crate::prelude::*;
use crate::schema::account_names;
use crate::unit_of_work::PgUnitOfWork;

const SOURCE: i16 = 1;
const MODEL: i16 = 2;

/// The keys of the names that an account uses.
#[derive(Debug, Default)]
pub(crate) struct AccountNames {
    user: Option<UserId>,
    sources: HashSet<i32>,
    models: HashSet<i32>,
}

#[derive(QueryableByName)]
#[diesel(table_name = account_names)]
pub(super) struct AccountNameRow {
    kind: i16,
    name_key: i32,
}

impl AccountNames {
    pub(super) fn stored(user: UserId, rows: &[AccountNameRow]) -> Self {
        let of_kind = |kind| rows.iter().filter(|row| row.kind == kind).map(|row| row.name_key).collect();
        Self { user: Some(user), sources: of_kind(SOURCE), models: of_kind(MODEL) }
    }

    /// Adds `sources` and `models` of `user`; returns the statement that stores those that are new.
    pub(super) fn add(
        &mut self,
        user: UserId,
        sources: impl Iterator<Item = i32>,
        models: impl Iterator<Item = i32>,
    ) -> Option<Statement<'static>> {
        if self.user != Some(user) {
            *self = Self { user: Some(user), ..Self::default() };
        }
        let sources = sources.filter(|key| self.sources.insert(*key)).map(|key| (SOURCE, key));
        let models = models.filter(|key| self.models.insert(*key)).map(|key| (MODEL, key));
        let (kinds, keys): (Vec<i16>, Vec<i32>) = sources.chain(models).unzip();
        (!keys.is_empty()).then(|| {
            statement(include_str!("insert_account_names.sql"))
                .bind::<SqlUuid>(user.0)
                .bind_array::<SmallInt>(kinds)
                .bind_array::<Integer>(keys)
        })
    }
}

/// Reads [`AccountNameRow`]s.
pub(super) fn read_names(user: UserId) -> Statement<'static> {
    statement(include_str!("account_names.sql")).bind::<SqlUuid>(user.0)
}

pub(super) async fn name_use(tx: &mut PgUnitOfWork, user: UserId, names: &SharedNames) -> Result<NameUse, StoreError> {
    if tx.account_names.user != Some(user) {
        tx.account_names = AccountNames::stored(user, &read_names(user).rows(tx.connection()?).await?);
    }
    let sources = tx.known_keys(names.sources.clone()).await?;
    let models = tx.known_keys(names.models.clone()).await?;
    let own = &tx.account_names;
    let is_new = |key: Option<&i32>, used: &HashSet<i32>| key.is_none_or(|key| !used.contains(key));
    Ok(NameUse {
        new_sources: names.sources.iter().filter(|name| is_new(sources.get(*name), &own.sources)).cloned().collect(),
        sources: own.sources.len(),
        new_models: names.models.iter().filter(|name| is_new(models.get(*name), &own.models)).cloned().collect(),
        models: own.models.len(),
    })
}
