//! Which edition of the price book is in force.

use std::sync::{Arc, PoisonError, RwLock};

use super::book::PriceBook;

/// Numbers the editions of the stored prices, upwards. 0 is the book that ships, with nothing stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Edition(pub i64);

/// The edition of the price book that is in force, exchanged while others read.
pub struct CurrentBook(RwLock<(Edition, Arc<PriceBook>)>);

impl CurrentBook {
    /// Starts with `book`, before any edition that is stored.
    pub fn new(book: PriceBook) -> Self {
        Self(RwLock::new((Edition::default(), Arc::new(book))))
    }

    /// Starts with the book that is compiled in, which all share.
    pub fn shipped() -> Self {
        Self(RwLock::new((Edition::default(), Arc::clone(PriceBook::shipped()))))
    }

    /// The book in force.
    pub fn get(&self) -> Arc<PriceBook> {
        self.get_edition().1
    }

    /// The book in force, and which edition it is.
    pub fn get_edition(&self) -> (Edition, Arc<PriceBook>) {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        (current.0, Arc::clone(&current.1))
    }

    /// Puts `book` in force, which is `edition`; an older one than the one in force changes nothing.
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
    fn an_older_edition_that_comes_late_does_not_take_over() {
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
