//! Names that many rows share, and the small keys that stand for them.
//!
//! A name never changes its key, so the process caches what it reads from committed rows ([`Dictionary`]). A key that a
//! transaction makes is cached by that transaction alone ([`CreatedKeys`]), which may yet roll back.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use domain::pricing::{CurrentBook, PriceBook};
use domain::usage::{Model, ModelName, Provider, Source};

use crate::prelude::*;
use crate::schema::models;

/// How many names of a kind are cached. Beyond it the cache starts anew, so that invented names cannot fill the memory.
const MAX_CACHED: usize = 50_000;

/// The row of a name. Sources have no provider, and neither have models of an unknown one.
#[derive(QueryableByName)]
#[diesel(table_name = models)]
pub(crate) struct NameRow {
    key: i32,
    pub(crate) name: String,
    pub(crate) provider: String,
}

/// A model's provider as it is stored: empty where it is unknown.
pub(crate) fn stored_provider(model: &Model) -> &str {
    model.provider.as_ref().map_or("", Provider::as_str)
}

pub(crate) fn stored_model(name: String, provider: String) -> Model {
    Model { name: ModelName::trusted(name), provider: known_provider(provider) }
}

pub(crate) fn known_provider(stored: String) -> Option<Provider> {
    (!stored.is_empty()).then(|| Provider::trusted(stored))
}

/// A kind of name with a table of its own.
pub(crate) trait SharedName: Clone + Ord + Hash {
    /// Reads the rows of some names.
    const FIND: &'static str;
    /// Makes the rows of names without one, ordered by name, in one statement. Two transactions with the same new names
    /// then wait for each other without a deadlock.
    const MAKE: &'static str;
    /// Reads the rows of some keys.
    const BY_KEY: &'static str;

    /// Makes the rows of `names`, with what else `dictionary` knows of them.
    fn make<'a>(_: &Dictionary, names: &'a [Self]) -> Statement<'a> {
        Self::query(Self::MAKE, names)
    }

    /// `text` about `names`.
    fn query<'a>(text: &'static str, names: &'a [Self]) -> Statement<'a>;
    fn stored(name: String, provider: String) -> Self;
    /// The names of this kind that the process caches.
    fn cached(dictionary: &Dictionary) -> &RwLock<NameCache<Self>>;
    /// The keys of this kind that a transaction made.
    fn made(made: &mut CreatedKeys) -> &mut HashMap<Self, i32>;
}

/// The names and keys that this process caches.
#[derive(Default)]
pub(crate) struct Dictionary {
    sources: RwLock<NameCache<Source>>,
    models: RwLock<NameCache<Model>>,
    /// The book that gives models their canonical names; the shipped one until it is set.
    prices: OnceLock<Arc<CurrentBook>>,
}

/// The keys that one transaction made.
#[derive(Default)]
pub(crate) struct CreatedKeys {
    sources: HashMap<Source, i32>,
    models: HashMap<Model, i32>,
}

/// Names and keys of one kind, both ways.
pub(crate) struct NameCache<N> {
    keys: HashMap<N, i32>,
    names: HashMap<i32, N>,
}

impl<N> Default for NameCache<N> {
    fn default() -> Self {
        Self { keys: HashMap::new(), names: HashMap::new() }
    }
}

impl<N: Clone + Eq + Hash> NameCache<N> {
    fn cache(&mut self, pairs: &[(N, i32)]) {
        if self.keys.len() + pairs.len() > MAX_CACHED {
            *self = Self::default();
        }
        for (name, key) in pairs {
            self.keys.insert(name.clone(), *key);
            self.names.insert(*key, name.clone());
        }
    }
}

impl SharedName for Source {
    const FIND: &'static str = "SELECT key, name, '' AS provider FROM sources WHERE name = ANY($1)";
    const MAKE: &'static str = include_str!("make_sources.sql");
    const BY_KEY: &'static str = "SELECT key, name, '' AS provider FROM sources WHERE key = ANY($1)";

    fn query<'a>(text: &'static str, names: &'a [Self]) -> Statement<'a> {
        statement(text).bind_array::<Text>(names.iter().map(Self::as_str))
    }

    fn stored(name: String, _: String) -> Self {
        Self::trusted(name)
    }

    fn cached(dictionary: &Dictionary) -> &RwLock<NameCache<Self>> {
        &dictionary.sources
    }

    fn made(made: &mut CreatedKeys) -> &mut HashMap<Self, i32> {
        &mut made.sources
    }
}

impl SharedName for Model {
    const FIND: &'static str = include_str!("find_models.sql");
    const MAKE: &'static str = include_str!("make_models.sql");
    const BY_KEY: &'static str = "SELECT key, name, provider FROM models WHERE key = ANY($1)";

    fn make<'a>(dictionary: &Dictionary, names: &'a [Self]) -> Statement<'a> {
        let canonical = dictionary.canonical(names);
        Self::query(Self::MAKE, names).bind_array::<Text>(canonical.iter().map(ToString::to_string))
    }

    fn query<'a>(text: &'static str, names: &'a [Self]) -> Statement<'a> {
        statement(text)
            .bind_array::<Text>(names.iter().map(|model| model.name.as_str()))
            .bind_array::<Text>(names.iter().map(stored_provider))
    }

    fn stored(name: String, provider: String) -> Self {
        stored_model(name, provider)
    }

    fn cached(dictionary: &Dictionary) -> &RwLock<NameCache<Self>> {
        &dictionary.models
    }

    fn made(made: &mut CreatedKeys) -> &mut HashMap<Self, i32> {
        &mut made.models
    }
}

impl Dictionary {
    /// Names models by `prices` from now on; the first call counts.
    pub(crate) fn name_models_by(&self, prices: Arc<CurrentBook>) {
        let _ = self.prices.set(prices);
    }

    /// The canonical names of `models`.
    fn canonical(&self, models: &[Model]) -> Vec<ModelName> {
        let current = self.prices.get().map(|prices| prices.get());
        let book = current.as_deref().unwrap_or_else(|| PriceBook::shipped());
        models.iter().map(|model| book.canonical(&model.name, model.provider.as_ref())).collect()
    }

    /// The keys of those of `wanted` that have one, and the names that have none.
    pub(crate) async fn known_keys<N: SharedName>(
        &self,
        connection: &AsyncPgConnection,
        made: &mut CreatedKeys,
        wanted: BTreeSet<N>,
    ) -> Result<(HashMap<N, i32>, Vec<N>), StoreError> {
        let (mut found, mut missing) = self.cached(made, wanted);
        self.find(connection, &mut found, &mut missing).await?;
        Ok((found, missing))
    }

    /// The keys of `wanted`, made in this transaction where there are none.
    pub(crate) async fn keys<N: SharedName>(
        &self,
        connection: &AsyncPgConnection,
        made: &mut CreatedKeys,
        wanted: BTreeSet<N>,
    ) -> Result<HashMap<N, i32>, StoreError> {
        let (found, missing) = self.known_keys(connection, made, wanted).await?;
        self.make_missing(connection, made, found, missing).await
    }

    /// Makes those of `wanted` that are not cached, without a look-up: call it after [`known_keys`](Self::known_keys) of
    /// the same names.
    pub(crate) async fn make<N: SharedName>(
        &self,
        connection: &AsyncPgConnection,
        made: &mut CreatedKeys,
        wanted: BTreeSet<N>,
    ) -> Result<(), StoreError> {
        let (found, missing) = self.cached(made, wanted);
        self.make_missing(connection, made, found, missing).await.map(drop)
    }

    /// The cached keys of `wanted`, and the names without one.
    fn cached<N: SharedName>(&self, made: &mut CreatedKeys, wanted: BTreeSet<N>) -> (HashMap<N, i32>, Vec<N>) {
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        let cached = N::cached(self).read().unwrap_or_else(PoisonError::into_inner);
        for name in wanted {
            match cached.keys.get(&name).or_else(|| N::made(made).get(&name)) {
                Some(&key) => drop(found.insert(name, key)),
                None => missing.push(name),
            }
        }
        (found, missing)
    }

    /// Moves the names that are stored from `missing` to `found`.
    async fn find<N: SharedName>(
        &self,
        connection: &AsyncPgConnection,
        found: &mut HashMap<N, i32>,
        missing: &mut Vec<N>,
    ) -> Result<(), StoreError> {
        if !missing.is_empty() {
            let committed = rows(connection, N::query(N::FIND, missing)).await?;
            self.cache(&committed);
            found.extend(committed);
            missing.retain(|name| !found.contains_key(name));
        }
        Ok(())
    }

    async fn make_missing<N: SharedName>(
        &self,
        connection: &AsyncPgConnection,
        made: &mut CreatedKeys,
        mut found: HashMap<N, i32>,
        mut missing: Vec<N>,
    ) -> Result<HashMap<N, i32>, StoreError> {
        if !missing.is_empty() {
            let fresh = rows(connection, N::make(self, &missing)).await?;
            N::made(made).extend(fresh.iter().cloned());
            found.extend(fresh);
            missing.retain(|name| !found.contains_key(name));
            // Another transaction made these and has committed; the statement above waited for it.
            self.find(connection, &mut found, &mut missing).await?;
        }
        Ok(found)
    }

    /// The names of `keys`.
    pub(crate) async fn names<N: SharedName>(
        &self,
        connection: &AsyncPgConnection,
        keys: BTreeSet<i32>,
    ) -> Result<HashMap<i32, N>, StoreError> {
        let mut found = HashMap::with_capacity(keys.len());
        let mut missing = Vec::new();
        {
            let cached = N::cached(self).read().unwrap_or_else(PoisonError::into_inner);
            for key in keys {
                match cached.names.get(&key) {
                    Some(name) => drop(found.insert(key, name.clone())),
                    None => missing.push(key),
                }
            }
        }
        if !missing.is_empty() {
            let read = rows(connection, statement(N::BY_KEY).bind_array::<Integer>(missing)).await?;
            found.extend(read.into_iter().map(|(name, key)| (key, name)));
        }
        Ok(found)
    }

    fn cache<N: SharedName>(&self, pairs: &[(N, i32)]) {
        N::cached(self).write().unwrap_or_else(PoisonError::into_inner).cache(pairs);
    }
}

async fn rows<N: SharedName>(
    connection: &AsyncPgConnection,
    statement: Statement<'_>,
) -> Result<Vec<(N, i32)>, StoreError> {
    let rows: Vec<NameRow> = statement.rows(connection).await?;
    Ok(rows.into_iter().map(|row| (N::stored(row.name, row.provider), row.key)).collect())
}
