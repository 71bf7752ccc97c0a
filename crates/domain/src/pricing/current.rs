//! Which edition of the price book is in force.

use std::sync::{Arc, PoisonError, RwLock};

use super::book::PriceBook;

/// The edition of the price book that is in force, exchanged while others read.
pub struct CurrentBook(RwLock<Arc<PriceBook>>);

impl CurrentBook {
    /// Starts with `book`.
    pub fn new(book: PriceBook) -> Self {
        Self(RwLock::new(Arc::new(book)))
    }

    /// The edition in force.
    pub fn get(&self) -> Arc<PriceBook> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `book` in force.
    pub fn replace(&self, book: PriceBook) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(book);
    }
}
