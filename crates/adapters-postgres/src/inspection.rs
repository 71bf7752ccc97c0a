//! What a program has to know of a database before it uses it. Reads only.

use tokio_postgres::Client;

use crate::connect::{ConnectTarget, DatabaseAddress};
use crate::error::ConnectError;
use crate::migrations::{self, MigrationError};

/// The oldest supported release of PostgreSQL.
const MINIMUM_MAJOR: i32 = 15;

/// The server's release and encoding, whether this database has a table of migrations, and the relations beside it that do not belong
/// to the system or an extension: how many, and the first by name.
const FACTS: &str = "
SELECT current_setting('server_version_num')::integer / 10000 AS major,
       current_setting('server_encoding') AS encoding,
       to_regclass('__diesel_schema_migrations') IS NOT NULL AS has_migrations,
       count(relation.oid) AS relations,
       min(relation.oid::regclass::text) AS example
FROM (
    SELECT oid
    FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND relpersistence <> 't'
      AND relnamespace <> 'information_schema'::regnamespace
      AND relnamespace::regnamespace::text NOT LIKE 'pg\\_%'
      AND oid IS DISTINCT FROM to_regclass('__diesel_schema_migrations')
      AND NOT EXISTS (
          SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
      )
) AS relation";

/// A database and the state of its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedDatabase {
    pub address: DatabaseAddress,
    /// PostgreSQL's major release.
    pub server_major: i32,
    /// The encoding of texts, such as `UTF8`.
    pub encoding: String,
    pub schema: SchemaState,
}

/// The schema of a database, compared with the migrations of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// The database has no tables.
    Empty,
    /// The database has tables and none of the migrations of burntop.
    Foreign { relations: i64, example: String },
    /// The database is burntop's.
    Known {
        /// The migrations that it lacks, oldest first.
        pending: Vec<String>,
        /// The versions of its migrations that this program does not know.
        unknown: Vec<String>,
    },
}

impl SchemaState {
    /// Whether the database has exactly the migrations of this program.
    pub fn is_current(&self) -> bool {
        matches!(self, Self::Known { pending, unknown } if pending.is_empty() && unknown.is_empty())
    }
}

impl InspectedDatabase {
    /// Connects to `url` and reads the state of the database. Creates nothing.
    pub async fn read(url: &str) -> Result<Self, ConnectError> {
        let target = ConnectTarget::parse(url)?.for_purpose("inspection");
        let (client, driver) = target.connect().await?;
        let driving = tokio::spawn(driver);
        let found = Self::read_with(&client, target.address()).await;
        drop(client);
        // The driver ends with its client; its result does not matter.
        let _ = driving.await;
        found
    }

    async fn read_with(client: &Client, address: DatabaseAddress) -> Result<Self, ConnectError> {
        let facts = client.query_one(FACTS, &[]).await?;
        let applied = if facts.get("has_migrations") {
            client.query("SELECT version::text FROM __diesel_schema_migrations ORDER BY version", &[]).await?
        } else {
            Vec::new()
        };
        let applied: Vec<String> = applied.iter().map(|row| row.get(0)).collect();
        let (relations, example): (i64, Option<String>) = (facts.get("relations"), facts.get("example"));
        Ok(Self {
            address,
            server_major: facts.get("major"),
            encoding: facts.get("encoding"),
            schema: schema_state(&applied, relations, example.unwrap_or_default()),
        })
    }

    /// Fails unless burntop can use the database or create its schema in it: the release is supported, texts are UTF-8, and no other
    /// program keeps tables there.
    pub fn require_usable(&self) -> Result<(), MigrationError> {
        if self.server_major < MINIMUM_MAJOR {
            return Err(MigrationError::ServerTooOld { major: self.server_major, minimum: MINIMUM_MAJOR });
        }
        if self.encoding != "UTF8" {
            return Err(MigrationError::NotUtf8 { encoding: self.encoding.clone() });
        }
        match &self.schema {
            SchemaState::Foreign { relations, example } => {
                Err(MigrationError::Foreign { relations: *relations, example: example.clone() })
            }
            SchemaState::Empty | SchemaState::Known { .. } => Ok(()),
        }
    }
}

/// The state of a schema with the migrations `applied` and `relations` tables and views, one of which is `example`.
fn schema_state(applied: &[String], relations: i64, example: String) -> SchemaState {
    let known = migrations::known();
    let is_ours = known.iter().any(|(version, _)| applied.contains(version));
    match (is_ours, applied.is_empty(), relations) {
        (false, true, 0) => SchemaState::Empty,
        // Another program that uses diesel keeps its migrations in a table of the same name.
        (false, ..) => SchemaState::Foreign { relations, example },
        (true, ..) => {
            let is_known = |version: &String| known.iter().any(|(known, _)| known == version);
            SchemaState::Known {
                unknown: applied.iter().filter(|version| !is_known(version)).cloned().collect(),
                pending: known
                    .into_iter()
                    .filter(|(version, _)| !applied.contains(version))
                    .map(|(_, name)| name)
                    .collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schema_state_follows_migrations_and_tables() {
        let all: Vec<String> = migrations::known().into_iter().map(|(version, _)| version).collect();
        let foreign = |relations| SchemaState::Foreign { relations, example: "orders".to_owned() };
        let newer = "29990101000001".to_owned();
        for (name, applied, relations, expected) in [
            ("nothing", vec![], 0, SchemaState::Empty),
            ("tables only", vec![], 3, foreign(3)),
            ("migrations of another program", vec!["20200101000000".to_owned()], 1, foreign(1)),
            ("all", all.clone(), 45, SchemaState::Known { pending: vec![], unknown: vec![] }),
            (
                "a newer one",
                [&all[..], std::slice::from_ref(&newer)].concat(),
                45,
                SchemaState::Known { pending: vec![], unknown: vec![newer] },
            ),
        ] {
            let state = schema_state(&applied, relations, "orders".to_owned());
            assert_eq!(state, expected, "{name}");
            assert_eq!(state.is_current(), name == "all", "{name}");
        }
        let SchemaState::Known { pending, .. } = schema_state(&all[..1], 4, String::new()) else { panic!("known") };
        assert_eq!(pending.len(), all.len() - 1);
    }
}
