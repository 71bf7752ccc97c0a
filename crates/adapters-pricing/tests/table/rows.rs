//! The same table becomes the same rows here and in `scripts/price_book.py`.

use domain::pricing::ports::{Fetched, PriceSource};
use domain::pricing::table::{EntryProblem, Table};
use domain::pricing::{PriceRow, line};
use http_client::script::{Script, ok};

use crate::tables::table_of;

const EXAMPLE: &str = include_str!("example.json");

/// What the function `rows` of the script makes of the example.
const BY_THE_SCRIPT: &str = "\
claude-9-opus anthropic 2026-11-12 in=5 out=25 read=0.5 write=6.25 write1h=10 >200k in=10 out=37.5 read=1
gemini/gemini-9 gemini 2026-11-12 in=1.25 out=10 >128k in=2.5 >1000k out=30
gpt-9 openai 2026-11-12 in=2.99999 out=0.141953125 think=20
zai/glm-4.7-flash zai 2026-11-12 in=0 out=0
";

#[tokio::test]
async fn a_table_becomes_the_rows_that_the_script_makes_of_it() {
    let script = Script::of([ok(EXAMPLE)]).await;
    let Ok(Fetched::Table { entries, .. }) = table_of(&script).fetch(None).await else { panic!("no table") };
    let table = Table::read(entries);
    let expected: Vec<PriceRow> = line::rows(BY_THE_SCRIPT).collect::<Result<_, _>>().expect("good lines");
    let expected: Vec<_> = expected.into_iter().map(|row| (row.model, row.provider, row.prices)).collect();
    let read: Vec<_> = table.listed.into_iter().map(|row| (row.model, row.provider, row.prices)).collect();
    assert_eq!(read, expected);
    let refused: Vec<_> = table.refused.iter().map(|entry| (entry.model.as_str(), entry.problem)).collect();
    assert_eq!(refused, [("openai/below-zero", EntryProblem::Number), ("openai/slip", EntryProblem::Implausible)]);
}
