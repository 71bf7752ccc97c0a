//! Prices: what a message costs, right to the last digit, and honest when the book does not know.

use crate::money::Usd;

/// What one message costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cost {
    /// The book has a price for every kind of token the message used.
    Priced(Usd),
    /// Some price had to be filled in by a rule, or is older than the book knows.
    Estimated(Usd),
    /// The book does not know the model: the cost is withheld, which is not the same as zero.
    Unpriced,
}

impl Cost {
    /// The amount; `None` when unpriced.
    pub fn amount(self) -> Option<Usd> {
        match self {
            Self::Priced(amount) | Self::Estimated(amount) => Some(amount),
            Self::Unpriced => None,
        }
    }
}
