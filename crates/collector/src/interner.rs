//! Interner that occur in thousands of lines, kept once.

use std::collections::HashSet;
use std::sync::Arc;

#[derive(Debug, Default)]
pub(crate) struct Interner(HashSet<Arc<str>>);

impl Interner {
    pub(crate) fn intern(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let name: Arc<str> = Arc::from(name);
        self.0.insert(name.clone());
        name
    }

    /// A name that is present and not empty.
    pub(crate) fn optional(&mut self, name: Option<&str>) -> Option<Arc<str>> {
        name.filter(|name| !name.is_empty()).map(|name| self.intern(name))
    }
}
