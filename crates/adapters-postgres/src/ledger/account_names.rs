//! The names that the messages of an account use, whose number is bounded.

use std::collections::{HashMap, HashSet};

use domain::usage::ports::SharedNames;
use domain::usage::room::NameUse;
use domain::usage::{Model, Source};

use crate::prelude::*;
use crate::schema::account_names;

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

    pub(super) fn is_of(&self, user: UserId) -> bool {
        self.user == Some(user)
    }

    /// How the account uses `names`, of which `sources` and `models` have a key.
    pub(super) fn usage(
        &self,
        names: &SharedNames,
        sources: &HashMap<Source, i32>,
        models: &HashMap<Model, i32>,
    ) -> NameUse {
        let is_new = |key: Option<&i32>, used: &HashSet<i32>| key.is_none_or(|key| !used.contains(key));
        NameUse {
            new_sources: names
                .sources
                .iter()
                .filter(|name| is_new(sources.get(*name), &self.sources))
                .cloned()
                .collect(),
            sources: self.sources.len(),
            new_models: names.models.iter().filter(|name| is_new(models.get(*name), &self.models)).cloned().collect(),
            models: self.models.len(),
        }
    }

    /// Adds `sources` and `models` of `user`; returns the statement that stores those that are new.
    pub(super) fn add(
        &mut self,
        user: UserId,
        sources: impl Iterator<Item = i32>,
        models: impl Iterator<Item = i32>,
    ) -> Option<Statement<'static>> {
        if !self.is_of(user) {
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
