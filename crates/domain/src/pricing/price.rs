//! The price of one token: exact, never binary floating point.

use std::fmt;

use crate::money::Usd;

/// The price of one token, an integer number of 1e-15 USD.
///
/// Real prices have at most 15 decimals; a longer one in a published table is noise of binary floating point
/// (2.9999900000000002e-06). [`Usd`] keeps three decimals more, so 1.25 times a price is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(u64);

/// Decimals of a price per token.
const DECIMALS: i32 = 15;
/// Decimals of a price per million tokens.
const DECIMALS_PER_MILLION: i32 = DECIMALS - 6;
/// The longest number that is read; the published table writes at most 25 characters.
const LONGEST: usize = 64;

impl Price {
    pub const FREE: Self = Self(0);

    /// The highest plausible price of a token, 0.001 USD. No model has ever cost more than 0.0006 USD per token; some rows of
    /// the published table are wrong by a factor of 10,000 and more.
    pub const MOST: Self = Self(1_000_000_000_000);

    /// `femto` times 1e-15 USD for one token.
    pub const fn from_femto(femto: u64) -> Self {
        Self(femto)
    }

    /// The price of one token in units of 1e-15 USD.
    pub const fn femto(self) -> u64 {
        self.0
    }

    /// Reads USD per token as the published table writes it (`3e-06`, `0.000003`), rounded half-even to 15 decimals; `None`
    /// unless it is a decimal number from 0 to 18,446 USD.
    pub fn per_token(text: &str) -> Option<Self> {
        decimal(text, DECIMALS).map(Self)
    }

    /// Reads USD per million tokens as price lists write it (`3`, `0.075`), rounded half-even to 9 decimals; `None` as in
    /// [`per_token`](Self::per_token).
    pub fn per_million(text: &str) -> Option<Self> {
        decimal(text, DECIMALS_PER_MILLION).map(Self)
    }

    /// The cost of `tokens` at `thousandths` of this price: 1,250 is 1.25 times.
    pub(super) fn of(self, tokens: u64, thousandths: u32) -> Usd {
        // A thousandth of 1e-15 USD is 1e-18 USD, the unit of `Usd`.
        let one = i128::from(self.0) * i128::from(thousandths);
        Usd::from_atto(one.saturating_mul(i128::from(tokens)))
    }
}

impl fmt::Display for Price {
    /// USD per million tokens without trailing zeros, which [`per_million`](Price::per_million) reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of(1_000_000, 1_000).fmt(f)
    }
}

/// The whole number nearest to `text`, read like a price: `32000.0`, `3.2e4`.
pub(super) fn whole(text: &str) -> Option<u64> {
    decimal(text, 0)
}

/// The decimal number in `text`, rounded half-even to `places` decimals, in units of the last place.
fn decimal(text: &str, places: i32) -> Option<u64> {
    if text.len() > LONGEST {
        return None;
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if whole.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let length = i32::try_from(digits.len()).ok()?;
    let kept = exponent.checked_add(places)?.checked_add(length)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    match usize::try_from(kept) {
        Err(_) => Some(0),
        Ok(kept) if kept <= digits.len() => {
            let (kept, dropped) = digits.split_at(kept);
            let number = if kept.is_empty() { 0 } else { kept.parse::<u64>().ok()? };
            number.checked_add(u64::from(rounds_up(number, dropped)))
        }
        Ok(kept) => {
            let zeros = u32::try_from(kept - digits.len()).ok()?;
            digits.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(zeros)?)
        }
    }
}

/// Whether the `dropped` digits after `number` round it up, half-even.
fn rounds_up(number: u64, dropped: &str) -> bool {
    match dropped.as_bytes() {
        [b'6'..=b'9', ..] => true,
        [b'5', rest @ ..] => number % 2 == 1 || rest.iter().any(|digit| *digit != b'0'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn price_per_token_is_read_to_fifteen_decimals() {
        let table = [
            ("3e-06", 3_000_000_000),
            ("0.000003", 3_000_000_000),
            ("3E-6", 3_000_000_000),
            ("0", 0),
            ("0.0", 0),
            ("0e5", 0),
            ("1", 1_000_000_000_000_000),
            ("1e0", 1_000_000_000_000_000),
            ("1.5e+1", 15_000_000_000_000_000),
            ("2.9999900000000002e-06", 2_999_990_000),
            ("3.0001999999999996E-7", 300_020_000),
            ("1.41953125E-7", 141_953_125),
            ("8.33333333333333E-8", 83_333_333),
            ("1.5e-15", 2),
            ("2.5e-15", 2),
            ("2.5000001e-15", 3),
            ("2.51e-15", 3),
            ("2.50e-15", 2),
            ("2.6e-15", 3),
            ("2.4999e-15", 2),
            ("5e-16", 0),
            ("6e-16", 1),
            ("1e-17", 0),
            ("1e-2147483648", 0),
            ("18446.744073709551615", u64::MAX),
        ];
        for (text, femto) in table {
            assert_eq!(Price::per_token(text), Some(Price(femto)), "{text}");
        }
    }

    #[test]
    fn price_malformed_is_refused() {
        let long = "0".repeat(65);
        for text in [
            "",
            ".",
            ".5",
            "-1",
            "+1",
            "1e",
            "e5",
            "1e5.0",
            "nan",
            "inf",
            "1,5",
            "1 ",
            "0x1",
            "1.2.3",
            "1e2147483647",
            &long,
        ] {
            assert_eq!(Price::per_token(text), None, "{text}");
        }
        for text in ["18446.744073709551616", "18446.7440737095516155", "99999e5", "1e30"] {
            assert_eq!(Price::per_token(text), None, "{text}");
        }
        assert_eq!(Price::per_token(&"0".repeat(64)), Some(Price::FREE));
    }

    #[test]
    fn price_per_million_round_trips() {
        for (text, femto) in [("3", 3_000_000_000), ("0.075", 75_000_000), ("0.000000001", 1), ("600", 600_000_000_000)]
        {
            assert_eq!(Price::per_million(text), Some(Price::from_femto(femto)), "{text}");
            assert_eq!(Price::from_femto(femto).to_string(), text);
        }
    }

    #[test]
    fn price_amount_is_exact_and_saturates() {
        let price = Price::from_femto(3);
        assert_eq!(price.femto(), 3);
        assert_eq!(price.of(1, 1_000), Usd::from_atto(3_000));
        assert_eq!(price.of(7, 1_250), Usd::from_atto(26_250));
        assert_eq!(price.of(7, 2_000), Usd::from_atto(42_000));
        assert_eq!(Price::from_femto(u64::MAX).of(u64::MAX, 2_000), Usd::from_atto(i128::MAX));
    }
}
