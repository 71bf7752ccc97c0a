//! The edition of the price book in force.

use std::sync::{Arc, PoisonError, RwLock};

use super::book::PriceBook;

/// The ascending number of a state of the stored prices. 0 is the shipped book without stored prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Edition(pub i64);

/// The price book in force. It can be replaced while it is read.
pub struct CurrentBook(RwLock<(Edition, Arc<PriceBook>)>);

impl CurrentBook {
    /// Starts with `book`, before any stored edition.
    pub fn new(book: PriceBook) -> Self {
        Self(RwLock::new((Edition::default(), Arc::new(book))))
    }

    /// Starts with the shipped book, which is shared.
    pub fn shipped() -> Self {
        Self(RwLock::new((Edition::default(), Arc::clone(PriceBook::shipped()))))
    }

    pub fn get(&self) -> Arc<PriceBook> {
        self.get_edition().1
    }

    /// The book in force and its edition.
    pub fn get_edition(&self) -> (Edition, Arc<PriceBook>) {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (current.0, Arc::clone(&current.1))
    }

    /// Replaces the book in force, unless `edition` is older.
    pub fn replace(&self, edition: Edition, book: PriceBook) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if edition >= current.0 {
            *current = (edition, Arc::new(book));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::line;
    use crate::usage::ModelName;

    #[test]
    fn current_book_ignores_older_edition() {
        let book = |model: &str| {
            let text = format!("{model} x 2026-01-01 in=1 out=1");
            PriceBook::new(line::rows(&text).map(|row| row.expect("a good line")))
        };
        let current = CurrentBook::new(PriceBook::default());
        current.replace(Edition(2), book("two"));
        current.replace(Edition(1), book("one"));
        let (edition, in_force) = current.get_edition();
        assert_eq!(edition, Edition(2));
        assert!(in_force.find(&ModelName::trusted("two"), None).is_some());
        current.replace(Edition(2), book("again"));
        assert!(current.get().find(&ModelName::trusted("again"), None).is_some());
    }
}
