//! A synthetic community, determined by a seed and written directly into the tables.

use anyhow::Result;
use tokio_postgres::Client;

use crate::environment::settle;

#[derive(Debug, clap::Args)]
pub(crate) struct Community {
    /// Accounts
    #[arg(long, default_value_t = 10_000)]
    pub(crate) people: u32,
    /// Messages in the ledger
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) messages: u32,
    /// The seed; another number gives another community
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u32,
}

/// The numbers of rows.
pub(crate) struct Rows {
    pub(crate) messages: i64,
    pub(crate) rollups: i64,
}

impl Community {
    /// Creates the community with its roll-ups; the worker computes the rest.
    pub(crate) async fn seed(&self, client: &Client) -> Result<Rows> {
        for script in [
            include_str!("../sql/seed_people.sql"),
            include_str!("../sql/seed_ledger.sql"),
            include_str!("../sql/seed_social.sql"),
        ] {
            let script = script
                .replace(":people", &self.people.to_string())
                .replace(":messages", &self.messages.to_string())
                .replace(":seed", &self.seed.to_string());
            client.batch_execute(&script).await?;
        }
        client.batch_execute(summaries()).await?;
        settle(client).await?;
        let counts = "SELECT (SELECT count(*) FROM usage_messages), (SELECT count(*) FROM usage_rollups)";
        let row = client.query_one(counts, &[]).await?;
        Ok(Rows { messages: row.try_get(0)?, rollups: row.try_get(1)? })
    }
}

/// The part of the migration that derives lifetime sums and calendars from the roll-ups.
fn summaries() -> &'static str {
    let migration = include_str!("../../../../migrations/2026-11-30-000050_usage_summaries/up.sql");
    migration.find("INSERT INTO usage_sources").map_or("", |begin| &migration[begin..])
}

/// The session token of account `number`.
pub(crate) fn token(number: u32) -> String {
    format!("s_{number:043}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn summaries_are_all_insertions_of_the_migration() {
        assert_eq!(super::summaries().matches("INSERT INTO").count(), 3);
    }
}
