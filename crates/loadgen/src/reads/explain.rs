//! Prints the query plans of the measured statements.

use std::collections::BTreeSet;

use anyhow::Result;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::endpoints::{ENDPOINTS, Endpoint};

/// Prints the plans of all statements for the account with the most messages.
pub(crate) async fn print(client: &Client) -> Result<()> {
    let statements: BTreeSet<String> =
        ENDPOINTS.iter().flat_map(Endpoint::all_statements).map(|query| query.with(|value| value.of("1"))).collect();
    for statement in statements {
        println!("\n```\n{}\n", statement.trim());
        for message in client.simple_query(&format!("EXPLAIN (ANALYZE, BUFFERS) {statement}")).await? {
            if let SimpleQueryMessage::Row(row) = message {
                println!("{}", row.get(0).unwrap_or_default());
            }
        }
        println!("```");
    }
    Ok(())
}
