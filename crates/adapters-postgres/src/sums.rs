//! [`Sums`] as rows and as arrays: the same eleven columns in every roll-up table.

use diesel::Queryable;
use diesel::sql_types::{Array, BigInt, Numeric};
use domain::usage::Sums;

use crate::numeric::Money;
use crate::statement::Statement;

/// The columns of sums, in the order of [`SumsRow`].
pub(crate) type SumsColumns = (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, Numeric);

/// One row of sums, in the order of the columns: messages, tokens, input, output, `cache_read`, `cache_write`, reasoning,
/// `unpriced_tokens`, `unpriced_messages`, `estimated_messages`, cost.
#[derive(Debug, Queryable)]
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

/// Binds `sums` as eleven arrays, in the order of the columns.
pub(crate) fn bind_sums<'a, Columns>(statement: Statement<'a, Columns>, sums: &[Sums]) -> Statement<'a, Columns> {
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
    let with_counts = counts.into_iter().fold(statement, |statement, count| {
        statement.bind::<Array<BigInt>, _>(sums.iter().map(count).collect::<Vec<_>>())
    });
    with_counts.bind::<Array<Numeric>, _>(sums.iter().map(|s| Money(s.cost)).collect::<Vec<_>>())
}
