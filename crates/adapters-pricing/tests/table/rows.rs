//! A table gives the same rows here and in `scripts/price_book.py`.

use domain::pricing::ports::{FetchOutcome, PriceSource};
use domain::pricing::table::{EntryProblem, PriceTable};
use domain::pricing::{PriceRow, line};
use http_client::script::{Script, ok};

use crate::tables::table_of;

const EXAMPLE: &str = include_str!("example.json");

/// The result of the script's function `rows` for the example.
const ROWS_OF_SCRIPT: &str = "\
claude-9-opus anthropic 2026-11-12 in=5 out=25 read=0.5 write=6.25 write1h=10 >200k in=10 out=37.5 read=1
dashscope/qwen9-coder dashscope 2026-11-12 in=1 out=5 read=0.1 >32k in=1.8 out=9 >131072 in=6 out=60
deepseek-v9 deepseek 2026-11-12 in=0.3 out=1.2 write=0 ~12345/00:00-01:00,04:00-06:00,10:00-24:00 67/00:00-24:00 in=0.15 out=0.6
gemini/gemini-9 gemini 2026-11-12 in=1.25 out=10 >128k in=2.5 >1000k out=30
gpt-9 openai 2026-11-12 in=2.99999 out=0.141953125 think=20
tencent/deepseek-v9 tencent 2026-11-12 in=0.3 out=1.2 ~12347/00:00-01:00,22:30-24:00 5/00:00-01:00,16:00-24:00 \
6/00:00-16:00,22:30-24:00 in=0.15
zai/glm-4.7-flash zai 2026-11-12 in=0 out=0
";

#[tokio::test]
async fn table_gives_same_rows_as_script() {
    let script = Script::of([ok(EXAMPLE)]).await;
    let Ok(FetchOutcome::Table { entries, .. }) = table_of(&script).fetch(None).await else { panic!("no table") };
    let table = PriceTable::read(entries);
    let expected: Vec<PriceRow> = line::rows(ROWS_OF_SCRIPT).collect::<Result<_, _>>().expect("good lines");
    let expected: Vec<_> = expected.into_iter().map(|row| (row.model, row.provider, row.prices)).collect();
    let read: Vec<_> = table.listed.into_iter().map(|row| (row.model, row.provider, row.prices)).collect();
    assert_eq!(read, expected);
    let refused: Vec<_> = table.refused.iter().map(|entry| (entry.model.as_str(), entry.problem)).collect();
    let problems = [
        ("berlin/deepseek-v9", EntryProblem::Hours),
        ("openai/below-zero", EntryProblem::Number),
        ("openai/slip", EntryProblem::Implausible),
    ];
    assert_eq!(refused, problems);
}
