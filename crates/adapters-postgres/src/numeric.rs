//! Exact money as PostgreSQL's `numeric`, without a detour over another number type.

use diesel::data_types::PgNumeric;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Numeric;
use domain::money::Usd;

/// Digits of a `numeric` come in groups of four.
const GROUP: i128 = 10_000;

/// How many groups hold the decimals of a [`Usd`], rounded up.
const FRACTION_GROUPS: u32 = Usd::SCALE.div_ceil(4);

/// What an atto-dollar is worth in units of the last of those groups.
const PADDING: i128 = 10_i128.pow(4 * FRACTION_GROUPS - Usd::SCALE);

/// An amount of US dollars in a `numeric` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Numeric)]
pub(crate) struct Money(pub(crate) Usd);

impl ToSql<Numeric, Pg> for Money {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let numeric = encode(self.0).ok_or("an amount of money is out of range")?;
        ToSql::<Numeric, Pg>::to_sql(&numeric, &mut out.reborrow())
    }
}

impl FromSql<Numeric, Pg> for Money {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let numeric = <PgNumeric as FromSql<Numeric, Pg>>::from_sql(value)?;
        decode(&numeric).map(Self).ok_or_else(|| format!("{numeric:?} is not an amount of money").into())
    }
}

fn encode(amount: Usd) -> Option<PgNumeric> {
    let mut rest = amount.atto().checked_abs()?.checked_mul(PADDING)?;
    let mut digits = Vec::new();
    let mut groups = 0;
    while rest > 0 {
        let group = i16::try_from(rest % GROUP).ok()?;
        if !(digits.is_empty() && group == 0) {
            digits.push(group);
        }
        rest /= GROUP;
        groups += 1;
    }
    digits.reverse();
    let weight = i16::try_from(groups).ok()? - 1 - i16::try_from(FRACTION_GROUPS).ok()?;
    let weight = if digits.is_empty() { 0 } else { weight };
    let scale = u16::try_from(Usd::SCALE).ok()?;
    Some(if amount.atto() < 0 {
        PgNumeric::Negative { weight, scale, digits }
    } else {
        PgNumeric::Positive { weight, scale, digits }
    })
}

fn decode(numeric: &PgNumeric) -> Option<Usd> {
    let (sign, weight, digits) = match numeric {
        PgNumeric::Positive { weight, digits, .. } => (1, *weight, digits),
        PgNumeric::Negative { weight, digits, .. } => (-1, *weight, digits),
        PgNumeric::NaN => return None,
    };
    let mut atto = 0_i128;
    for (place, &digit) in digits.iter().enumerate() {
        let group = i32::from(weight) - i32::try_from(place).ok()? + i32::try_from(FRACTION_GROUPS).ok()?;
        let digit = i128::from(digit);
        // The last group has more digits than an amount has decimals. The other groups are multiples of the smallest
        // amount, so no intermediate value is larger than the amount.
        let value = match u32::try_from(group).ok()?.checked_sub(1) {
            None if digit % PADDING == 0 => digit / PADDING,
            None => return None,
            Some(higher) => GROUP.checked_pow(higher)?.checked_mul(GROUP / PADDING)?.checked_mul(digit)?,
        };
        atto = atto.checked_add(value)?;
    }
    Some(Usd::from_atto(sign * atto))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_grouped_as_postgresql_expects() {
        let one_and_a_half = Usd::from_atto(1_500_000_000_000_000_000);
        assert_eq!(encode(one_and_a_half), Some(PgNumeric::Positive { weight: 0, scale: 18, digits: vec![1, 5_000] }));
        let smallest = Usd::from_atto(-1);
        assert_eq!(encode(smallest), Some(PgNumeric::Negative { weight: -5, scale: 18, digits: vec![100] }));
        assert_eq!(encode(Usd::ZERO), Some(PgNumeric::Positive { weight: 0, scale: 18, digits: vec![] }));
        let thousands = Usd::from_atto(120_000 * 10_i128.pow(18));
        assert_eq!(encode(thousands), Some(PgNumeric::Positive { weight: 1, scale: 18, digits: vec![12] }));
        assert_eq!(decode(&PgNumeric::NaN), None);
        // The largest bigint, since sums of tokens are read as money too: 9,223,372,036,854,775,807.
        let most = PgNumeric::Positive { weight: 4, scale: 0, digits: vec![922, 3_372, 368, 5_477, 5_807] };
        assert_eq!(decode(&most), Some(Usd::from_atto(i128::from(i64::MAX) * 10_i128.pow(18))));
        assert_eq!(decode(&PgNumeric::Positive { weight: -5, scale: 20, digits: vec![1] }), None);
    }

    proptest! {
        #[test]
        fn money_written_reads_back(atto in -(10_i128.pow(35))..10_i128.pow(35)) {
            let amount = Usd::from_atto(atto);
            prop_assert_eq!(encode(amount).as_ref().and_then(decode), Some(amount));
        }
    }
}
