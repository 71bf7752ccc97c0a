//! [`Sums`] as rows and as arrays: the same eleven columns in every roll-up table.

use domain::usage::Sums;

use crate::prelude::*;
use crate::schema::usage_totals;

#[derive(Debug, QueryableByName)]
#[diesel(table_name = usage_totals)]
pub(crate) struct SumsRow {
    messages: i64,
    tokens: i64,
    input: i64,
    output: i64,
    cache_read: i64,
    cache_write: i64,
    reasoning: i64,
    unpriced_tokens: i64,
    unpriced_messages: i64,
    estimated_messages: i64,
    cost: Money,
}

impl From<SumsRow> for Sums {
    fn from(row: SumsRow) -> Self {
        Self {
            messages: row.messages,
            tokens: row.tokens,
            input: row.input,
            output: row.output,
            cache_read: row.cache_read,
            cache_write: row.cache_write,
            reasoning: row.reasoning,
            cost: row.cost.0,
            unpriced_tokens: row.unpriced_tokens,
            unpriced_messages: row.unpriced_messages,
            estimated_messages: row.estimated_messages,
        }
    }
}

/// Binds `sums` as eleven arrays, in the order of the columns of the statements that write them.
pub(crate) fn bind_sums<'a>(statement: Statement<'a>, sums: &[Sums]) -> Statement<'a> {
    let counts: [fn(&Sums) -> i64; 10] = [
        |s| s.messages,
        |s| s.tokens,
        |s| s.input,
        |s| s.output,
        |s| s.cache_read,
        |s| s.cache_write,
        |s| s.reasoning,
        |s| s.unpriced_tokens,
        |s| s.unpriced_messages,
        |s| s.estimated_messages,
    ];
    counts
        .into_iter()
        .fold(statement, |statement, count| statement.bind_array::<BigInt>(sums.iter().map(count)))
        .bind_array::<Numeric>(sums.iter().map(|s| Money(s.cost)))
}
