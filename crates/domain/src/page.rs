//! Pages of lists.

/// Selects a page; both numbers are at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub page: u32,
    /// The items of a page, 1 to 100.
    pub size: u32,
}

impl PageRequest {
    /// The items before this page.
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.size)
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items on this page.
    pub items: Vec<T>,
    /// The items of the whole list.
    pub total: u64,
    pub request: PageRequest,
}

impl<T> Page<T> {
    /// The pages of the list; 0 if it is empty.
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(self.request.size))
    }

    /// The same page with each item changed by `change`.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, total, request } = self;
        Page { items: items.into_iter().map(change).collect(), total, request }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_counts_pages_and_offset() {
        let request = PageRequest { page: 3, size: 50 };
        assert_eq!(request.offset(), 100);
        for (total, pages) in [(0, 0), (1, 1), (50, 1), (51, 2)] {
            assert_eq!(Page::<()> { items: vec![], total, request }.pages(), pages);
        }
    }
}
