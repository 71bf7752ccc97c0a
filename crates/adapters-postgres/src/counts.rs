//! Saturating conversions between the signed integers of PostgreSQL and counts of the domain.

pub(crate) fn to_bigint(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

pub(crate) fn to_integer(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

pub(crate) fn to_u32(number: i64) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}
