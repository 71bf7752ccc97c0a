//! Prints the rows that the table at a URL would add to an empty book: a line has model, provider and prices in the book's format.
//!
//! `cargo run -p adapters-pricing --example rows -- http://127.0.0.1:8000/table.json`

use adapters_pricing::{FetchLimits, LiveTable};
use domain::pricing::ports::{FetchOutcome, PriceSource};
use domain::pricing::table::PriceTable;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("name the address of a table")?;
    http_client::script::install_tls();
    let fetched = LiveTable::at(&url, FetchLimits::default()).map_err(|error| error.to_string())?.fetch(None).await?;
    let FetchOutcome::Table { entries, .. } = fetched else { return Err("nothing was sent".into()) };
    let table = PriceTable::read(entries);
    for row in &table.listed {
        println!("{} {} {}", row.model, row.provider, row.prices);
    }
    for entry in &table.refused {
        eprintln!("{}: {}", entry.model, entry.problem);
    }
    Ok(())
}
