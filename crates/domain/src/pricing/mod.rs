//! Prices: what a message costs, right to the last digit, and honest when the book does not know.

use std::sync::{Arc, RwLock};

use time::OffsetDateTime;

use crate::money::Usd;
use crate::usage::{ModelName, Provider, TokenCounts};

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

/// Stand-in.
pub struct PriceBook;
/// Stand-in.
pub struct PricedModel<'a>(&'a ());
impl PriceBook {
    /// Stand-in.
    pub fn find(&self, _: &ModelName, _: Option<&Provider>) -> Option<PricedModel<'_>> {
        None
    }
}
impl PricedModel<'_> {
    /// Stand-in.
    pub fn cost(&self, _: &TokenCounts, _: OffsetDateTime) -> Cost {
        Cost::Unpriced
    }
}

/// The edition of the price book that is in force, exchanged while others read.
pub struct CurrentBook(RwLock<Arc<PriceBook>>);

impl CurrentBook {
    /// Starts with `book`.
    pub fn new(book: PriceBook) -> Self {
        Self(RwLock::new(Arc::new(book)))
    }

    /// The edition in force.
    pub fn get(&self) -> Arc<PriceBook> {
        Arc::clone(&self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Puts `book` in force.
    pub fn replace(&self, book: PriceBook) {
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(book);
    }
}
