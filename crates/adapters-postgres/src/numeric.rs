//! Exact money in `numeric` columns.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::BigInt;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Numeric;
use domain::money::Usd;

/// An amount of US dollars in a `numeric` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Numeric)]
pub(crate) struct Money(pub(crate) Usd);

impl ToSql<Numeric, Pg> for Money {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Numeric, Pg>::to_sql(&decimal(self.0), &mut out.reborrow())
    }
}

impl FromSql<Numeric, Pg> for Money {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let decimal = BigDecimal::from_sql(value)?;
        amount(&decimal).map(Self).ok_or_else(|| format!("{decimal} is not an amount of money").into())
    }
}

fn decimal(amount: Usd) -> BigDecimal {
    BigDecimal::new(BigInt::from(amount.atto()), i64::from(Usd::SCALE))
}

/// `None` if `decimal` has more decimals than an amount, or is out of its range.
fn amount(decimal: &BigDecimal) -> Option<Usd> {
    let scaled = decimal.with_scale(i64::from(Usd::SCALE));
    let atto = i128::try_from(scaled.as_bigint_and_scale().0.as_ref()).ok()?;
    (scaled == *decimal).then_some(Usd::from_atto(atto))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_is_read_exactly_or_refused() {
        let dollar = 10_i128.pow(18);
        for (case, text, atto) in [
            ("whole", "1.5", Some(dollar * 3 / 2)),
            ("no decimals", "120000", Some(120_000 * dollar)),
            ("smallest", "-0.000000000000000001", Some(-1)),
            ("trailing zeros", "1.00000000000000000000", Some(dollar)),
            // Sums of tokens are read as money too.
            ("largest bigint", "9223372036854775807", Some(i128::from(i64::MAX) * dollar)),
            ("19 decimals", "0.0000000000000000001", None),
            ("out of range", "1000000000000000000000", None),
        ] {
            let decimal: BigDecimal = text.parse().unwrap();
            assert_eq!(amount(&decimal), atto.map(Usd::from_atto), "{case}");
        }
    }

    #[test]
    fn amounts_of_whole_range_are_written_and_read_back() {
        for atto in [i128::MIN, -1, 0, 1, 10_i128.pow(18), i128::MAX] {
            assert_eq!(amount(&decimal(Usd::from_atto(atto))), Some(Usd::from_atto(atto)));
        }
    }
}
