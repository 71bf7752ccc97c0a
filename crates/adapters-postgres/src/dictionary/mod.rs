//! Names that many rows share, and the small keys that stand for them.
//!
//! A name never changes its key, so what was read from committed rows stays true and is remembered by the process
//! ([`Dictionary`]). A key that a transaction makes is remembered by that transaction alone ([`Made`]): it may yet be
//! rolled back.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use diesel::sql_types::{Array, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::error::StoreError;
use domain::pricing::{CurrentBook, PriceBook};
use domain::usage::{Model, ModelName, Provider, Source};

use crate::error::store_error;
use crate::statement::{Statement, statement};

/// How many names of a kind are remembered; beyond it, everything is forgotten and read again. Bounds the memory that
/// somebody who invents names can take.
const MOST_REMEMBERED: usize = 50_000;

type Columns = (Integer, Text, Text);
type Row = (i32, String, String);

/// A kind of name with a table of its own.
pub(crate) trait Shared: Clone + Ord + Hash {
    /// Reads the rows of some names: key, name, and a second part.
    const FIND: &'static str;
    /// Makes the rows of some names that have none, in the order of the names, in one statement: so that two
    /// transactions that meet the same new names wait for each other, and never in a circle.
    const MAKE: &'static str;
    /// Reads the rows of some keys.
    const BY_KEY: &'static str;

    /// Makes the rows of `names`; `dictionary` knows what else belongs in them.
    fn make<'a>(_: &Dictionary, names: &'a [Self]) -> Statement<'a, Columns> {
        Self::query(Self::MAKE, names)
    }

    /// `text` about `names`.
    fn query<'a>(text: &'static str, names: &'a [Self]) -> Statement<'a, Columns>;
    /// The name that a row stands for.
    fn of(name: String, second: String) -> Self;
    /// What the process remembers of this kind.
    fn remembered(dictionary: &Dictionary) -> &RwLock<Names<Self>>;
    /// What a transaction made of this kind.
    fn made(made: &mut Made) -> &mut HashMap<Self, i32>;
}

/// What this process remembers of names and keys.
#[derive(Default)]
pub(crate) struct Dictionary {
    sources: RwLock<Names<Source>>,
    models: RwLock<Names<Model>>,
    /// By what models are named canonically; the book that ships until it is set.
    prices: OnceLock<Arc<CurrentBook>>,
}

/// The keys that one transaction made.
#[derive(Default)]
pub(crate) struct Made {
    sources: HashMap<Source, i32>,
    models: HashMap<Model, i32>,
}

/// Names and keys of one kind, both ways.
pub(crate) struct Names<N> {
    keys: HashMap<N, i32>,
    names: HashMap<i32, N>,
}

impl<N> Default for Names<N> {
    fn default() -> Self {
        Self { keys: HashMap::new(), names: HashMap::new() }
    }
}

impl<N: Clone + Eq + Hash> Names<N> {
    fn remember(&mut self, pairs: &[(N, i32)]) {
        if self.keys.len() + pairs.len() > MOST_REMEMBERED {
            *self = Self::default();
        }
        for (name, key) in pairs {
            self.keys.insert(name.clone(), *key);
            self.names.insert(*key, name.clone());
        }
    }
}

impl Shared for Source {
    const FIND: &'static str = "SELECT key, name, '' FROM sources WHERE name = ANY($1)";
    const MAKE: &'static str = include_str!("make_sources.sql");
    const BY_KEY: &'static str = "SELECT key, name, '' FROM sources WHERE key = ANY($1)";

    fn query<'a>(text: &'static str, names: &'a [Self]) -> Statement<'a, Columns> {
        let names: Vec<&str> = names.iter().map(Self::as_str).collect();
        statement(text).bind::<Array<Text>, _>(names)
    }

    fn of(name: String, _: String) -> Self {
        Self::trusted(name)
    }

    fn remembered(dictionary: &Dictionary) -> &RwLock<Names<Self>> {
        &dictionary.sources
    }

    fn made(made: &mut Made) -> &mut HashMap<Self, i32> {
        &mut made.sources
    }
}

impl Shared for Model {
    const FIND: &'static str = include_str!("find_models.sql");
    const MAKE: &'static str = include_str!("make_models.sql");
    const BY_KEY: &'static str = "SELECT key, name, provider FROM models WHERE key = ANY($1)";

    fn make<'a>(dictionary: &Dictionary, names: &'a [Self]) -> Statement<'a, Columns> {
        let canonical: Vec<String> = dictionary.canonical(names).iter().map(ToString::to_string).collect();
        Self::query(Self::MAKE, names).bind::<Array<Text>, _>(canonical)
    }

    fn query<'a>(text: &'static str, names: &'a [Self]) -> Statement<'a, Columns> {
        let providers: Vec<&str> =
            names.iter().map(|model| model.provider.as_ref().map_or("", Provider::as_str)).collect();
        let names: Vec<&str> = names.iter().map(|model| model.name.as_str()).collect();
        statement(text).bind::<Array<Text>, _>(names).bind::<Array<Text>, _>(providers)
    }

    fn of(name: String, provider: String) -> Self {
        let provider = (!provider.is_empty()).then(|| Provider::trusted(provider));
        Self { name: ModelName::trusted(name), provider }
    }

    fn remembered(dictionary: &Dictionary) -> &RwLock<Names<Self>> {
        &dictionary.models
    }

    fn made(made: &mut Made) -> &mut HashMap<Self, i32> {
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
    pub(crate) async fn known_keys<N: Shared>(
        &self,
        conn: &mut AsyncPgConnection,
        made: &mut Made,
        wanted: BTreeSet<N>,
    ) -> Result<(HashMap<N, i32>, Vec<N>), StoreError> {
        let (mut found, mut missing) = self.remembered(made, wanted);
        self.find(conn, &mut found, &mut missing).await?;
        Ok((found, missing))
    }

    /// The keys of `wanted`, made in this transaction where there are none.
    pub(crate) async fn keys<N: Shared>(
        &self,
        conn: &mut AsyncPgConnection,
        made: &mut Made,
        wanted: BTreeSet<N>,
    ) -> Result<HashMap<N, i32>, StoreError> {
        let (found, missing) = self.known_keys(conn, made, wanted).await?;
        self.make_missing(conn, made, found, missing).await
    }

    /// Makes those of `wanted` that nothing is remembered of, without looking for them first: to be done after
    /// [`known_keys`](Self::known_keys) of the same names.
    pub(crate) async fn make<N: Shared>(
        &self,
        conn: &mut AsyncPgConnection,
        made: &mut Made,
        wanted: BTreeSet<N>,
    ) -> Result<(), StoreError> {
        let (found, missing) = self.remembered(made, wanted);
        self.make_missing(conn, made, found, missing).await.map(drop)
    }

    /// What is remembered of `wanted`, and the names of which nothing is.
    fn remembered<N: Shared>(&self, made: &mut Made, wanted: BTreeSet<N>) -> (HashMap<N, i32>, Vec<N>) {
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        let remembered = N::remembered(self).read().unwrap_or_else(PoisonError::into_inner);
        for name in wanted {
            match remembered.keys.get(&name).or_else(|| N::made(made).get(&name)) {
                Some(&key) => drop(found.insert(name, key)),
                None => missing.push(name),
            }
        }
        (found, missing)
    }

    /// Moves the names that are stored from `missing` to `found`.
    async fn find<N: Shared>(
        &self,
        conn: &mut AsyncPgConnection,
        found: &mut HashMap<N, i32>,
        missing: &mut Vec<N>,
    ) -> Result<(), StoreError> {
        if !missing.is_empty() {
            let committed = rows(conn, N::query(N::FIND, missing)).await?;
            self.remember(&committed);
            found.extend(committed);
            missing.retain(|name| !found.contains_key(name));
        }
        Ok(())
    }

    async fn make_missing<N: Shared>(
        &self,
        conn: &mut AsyncPgConnection,
        made: &mut Made,
        mut found: HashMap<N, i32>,
        mut missing: Vec<N>,
    ) -> Result<HashMap<N, i32>, StoreError> {
        if !missing.is_empty() {
            let fresh = rows(conn, N::make(self, &missing)).await?;
            N::made(made).extend(fresh.iter().cloned());
            found.extend(fresh);
            missing.retain(|name| !found.contains_key(name));
            // Another transaction made these meanwhile and has committed: making them waited for that.
            self.find(conn, &mut found, &mut missing).await?;
        }
        Ok(found)
    }

    /// The names that `keys` stand for.
    pub(crate) async fn names<N: Shared>(
        &self,
        conn: &mut AsyncPgConnection,
        keys: BTreeSet<i32>,
    ) -> Result<HashMap<i32, N>, StoreError> {
        let mut found = HashMap::with_capacity(keys.len());
        let mut missing = Vec::new();
        {
            let remembered = N::remembered(self).read().unwrap_or_else(PoisonError::into_inner);
            for key in keys {
                match remembered.names.get(&key) {
                    Some(name) => drop(found.insert(key, name.clone())),
                    None => missing.push(key),
                }
            }
        }
        if !missing.is_empty() {
            let query = statement::<Columns>(N::BY_KEY).bind::<Array<Integer>, _>(missing);
            let read: Vec<Row> = query.load(conn).await.map_err(store_error)?;
            found.extend(read.into_iter().map(|(key, name, second)| (key, N::of(name, second))));
        }
        Ok(found)
    }

    fn remember<N: Shared>(&self, pairs: &[(N, i32)]) {
        N::remembered(self).write().unwrap_or_else(PoisonError::into_inner).remember(pairs);
    }
}

async fn rows<N: Shared>(
    conn: &mut AsyncPgConnection,
    statement: Statement<'_, Columns>,
) -> Result<Vec<(N, i32)>, StoreError> {
    let rows: Vec<Row> = statement.load(conn).await.map_err(store_error)?;
    Ok(rows.into_iter().map(|(key, name, second)| (N::of(name, second), key)).collect())
}
