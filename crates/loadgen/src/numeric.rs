//! Costs as PostgreSQL's `numeric`, in its binary form.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// Units of one US dollar: eight decimals, which are two groups of four digits.
const UNITS: u64 = 100_000_000;

/// An amount in units of 10⁻⁸ US dollars, below 10,000 dollars.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost(pub(crate) u64);

impl Cost {
    /// Groups of four digits, the whole dollars first.
    fn groups(self) -> [u64; 3] {
        [self.0 / UNITS, self.0 / 10_000 % 10_000, self.0 % 10_000]
    }
}

impl ToSql for Cost {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let groups = self.groups();
        let first = groups.iter().position(|group| *group != 0).unwrap_or(groups.len());
        let last = groups.iter().rposition(|group| *group != 0).map_or(first, |last| last + 1);
        let weight = -i16::try_from(first)?;
        out.extend_from_slice(&u16::try_from(last - first)?.to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&0_u16.to_be_bytes());
        out.extend_from_slice(&8_u16.to_be_bytes());
        for group in &groups[first..last] {
            out.extend_from_slice(&u16::try_from(*group)?.to_be_bytes());
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::NUMERIC
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_is_encoded_as_binary_numeric() {
        let mut out = BytesMut::new();
        Cost(5_231_250).to_sql(&Type::NUMERIC, &mut out).unwrap(); // 0.0523125
        assert_eq!(out[..], [0, 2, 0xff, 0xff, 0, 0, 0, 8, 0x02, 0x0b, 0x04, 0xe2]);
    }
}
