//! Money: exact US dollars, never binary floating point.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

use crate::text::grouped;

/// An exact amount of US dollars: an integer number of atto-dollars (1e-18 USD).
///
/// The published price table has prices per token with 15 decimals, and a filled-in price can be 1.25 times one of them: 18
/// decimals hold every product of a count and a price without rounding. An `i128` reaches 1.7e20 USD; sums saturate there
/// instead of wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i128);

/// The decimals shown to users and in JSON.
const SHOWN_DECIMALS: u32 = 6;

impl Usd {
    /// The decimals of the stored value.
    pub const SCALE: u32 = 18;
    pub const ZERO: Self = Self(0);

    /// `atto` times 1e-18 USD.
    pub const fn from_atto(atto: i128) -> Self {
        Self(atto)
    }

    /// The amount in units of 1e-18 USD.
    pub const fn atto(self) -> i128 {
        self.0
    }

    /// Reads a decimal number with up to 18 decimals (`0.3508`, `12`, `-0.5`); `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) || fraction.len() > Self::SCALE as usize {
            return None;
        }
        let atto: i128 = format!("{whole}{fraction:0<width$}", width = Self::SCALE as usize).parse().ok()?;
        Some(Self(sign * atto))
    }

    /// The amount for users and JSON: rounded half-even to six decimals, without trailing zeros (`0.3508`, `12`, `-0.5`).
    pub fn rounded(self) -> String {
        decimal(self.rounded_to(SHOWN_DECIMALS), SHOWN_DECIMALS)
    }

    /// The amount for sentences: rounded half-even to cents, with separated thousands (`$1,234.50`).
    pub fn cents(self) -> String {
        let cents = self.rounded_to(2);
        let sign = if cents < 0 { "-" } else { "" };
        let whole = i64::try_from(cents.unsigned_abs() / 100).unwrap_or(i64::MAX);
        format!("{sign}${}.{:02}", grouped(whole), cents.unsigned_abs() % 100)
    }

    /// The amount in units of 10^-`decimals`, rounded half-even.
    fn rounded_to(self, decimals: u32) -> i128 {
        let unit = 10_i128.pow(Self::SCALE - decimals);
        let (quotient, remainder) = (self.0.div_euclid(unit), self.0.rem_euclid(unit));
        quotient
            + match (remainder * 2).cmp(&unit) {
                std::cmp::Ordering::Greater => 1,
                std::cmp::Ordering::Equal => quotient.rem_euclid(2),
                std::cmp::Ordering::Less => 0,
            }
    }
}

impl fmt::Display for Usd {
    /// All decimals, without trailing zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal(self.0, Self::SCALE))
    }
}

/// `units` times 10^-`scale`, without trailing zeros.
fn decimal(units: i128, scale: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let base = 10_u128.pow(scale);
    let (whole, fraction) = (units.unsigned_abs() / base, units.unsigned_abs() % base);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:0width$}", width = scale as usize);
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Usd {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usd_shown_is_rounded_half_even_to_six_places() {
        let table: [(i128, &str); 11] = [
            (0, "0"),
            (350_800_000_000_000_000, "0.3508"),
            (12_000_000_000_000_000_000, "12"),
            (500_000_000_000, "0"),
            (500_000_000_001, "0.000001"),
            (1_500_000_000_000, "0.000002"),
            (2_500_000_000_000, "0.000002"),
            (-500_000_000_000, "0"),
            (-1_500_000_000_000, "-0.000002"),
            (-500_000_000_000_000_000, "-0.5"),
            (999_999_500_000_000_000_000, "999.9995"),
        ];
        for (atto, shown) in table {
            assert_eq!(Usd::from_atto(atto).rounded(), shown, "{atto}");
        }
    }

    #[test]
    fn usd_in_sentences_has_cents() {
        for (cents, shown) in [(0, "$0.00"), (5, "$0.05"), (123_450, "$1,234.50"), (-150, "-$1.50")] {
            assert_eq!(Usd::from_atto(cents * 10_i128.pow(16)).cents(), shown);
        }
        assert_eq!(Usd::from_atto(15 * 10_i128.pow(15)).cents(), "$0.02");
        assert_eq!(Usd::from_atto(25 * 10_i128.pow(15)).cents(), "$0.02");
    }

    #[test]
    fn usd_round_trips() {
        for (text, atto) in [
            ("0", Some(0)),
            ("12", Some(12_000_000_000_000_000_000)),
            ("0.3508", Some(350_800_000_000_000_000)),
            ("-0.5", Some(-500_000_000_000_000_000)),
            ("0.000000000000000001", Some(1)),
            ("0.0000000000000000001", None),
            ("99999999999999999999999", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("5.", None),
            ("1e3", None),
            ("+1", None),
            ("1_000", None),
            ("x", None),
        ] {
            assert_eq!(Usd::parse(text).map(Usd::atto), atto, "{text}");
        }
    }

    #[test]
    fn usd_display_keeps_every_digit() {
        assert_eq!(Usd::from_atto(1).to_string(), "0.000000000000000001");
        assert_eq!(Usd::from_atto(-1_250_000_000_000_000_000).to_string(), "-1.25");
    }

    #[test]
    fn usd_sums_saturate() {
        let most = Usd::from_atto(i128::MAX);
        assert_eq!(most + Usd::from_atto(1), most);
        assert_eq!([Usd::from_atto(2), Usd::from_atto(3)].into_iter().sum::<Usd>(), Usd::from_atto(5));
        assert_eq!(-Usd::from_atto(2) - Usd::from_atto(1), Usd::from_atto(-3));
    }
}
