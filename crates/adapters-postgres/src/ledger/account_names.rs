//! Which names the messages of an account use, so that their number stays bounded.

use std::collections::HashSet;

use diesel::sql_types::{Array, Integer, SmallInt, Uuid};
use diesel_async::RunQueryDsl;
use domain::error::StoreError;
use domain::ids::UserId;
use domain::usage::ports::SharedNames;
use domain::usage::room::NameUse;

use crate::error::store_error;
use crate::statement::{Statement, statement};
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

impl AccountNames {
    /// Those of `user`, from rows of kind and key.
    pub(super) fn of(user: UserId, rows: &[(i16, i32)]) -> Self {
        let of_kind = |kind| rows.iter().filter(|row| row.0 == kind).map(|row| row.1).collect();
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
            statement(include_str!("keep_account_names.sql"))
                .bind::<Uuid, _>(user.0)
                .bind::<Array<SmallInt>, _>(kinds)
                .bind::<Array<Integer>, _>(keys)
        })
    }
}

/// The rows of [`AccountNames`].
pub(super) fn stored(user: UserId) -> Statement<'static, (SmallInt, Integer)> {
    statement(include_str!("account_names.sql")).bind::<Uuid, _>(user.0)
}

pub(super) async fn name_use(tx: &mut PgUnitOfWork, user: UserId, names: &SharedNames) -> Result<NameUse, StoreError> {
    if tx.account_names.user != Some(user) {
        let rows: Vec<(i16, i32)> = stored(user).load(tx.connection()?).await.map_err(store_error)?;
        tx.account_names = AccountNames::of(user, &rows);
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
