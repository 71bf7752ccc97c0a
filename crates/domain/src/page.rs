//! Pages of lists: which one is asked for, and what comes back.

/// Which page is asked for; both numbers are at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The page's number, from 1.
    pub page: u32,
    /// How many items a page holds, 1 to 100.
    pub size: u32,
}

impl PageRequest {
    /// How many items come before this page.
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.size)
    }
}

/// One page of a list of `total` items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items on this page.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
    /// What was asked for.
    pub request: PageRequest,
}

impl<T> Page<T> {
    /// How many pages the list has; 0 when it is empty.
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(self.request.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_up_and_offsets_from_zero() {
        let request = PageRequest { page: 3, size: 50 };
        assert_eq!(request.offset(), 100);
        for (total, pages) in [(0, 0), (1, 1), (50, 1), (51, 2)] {
            assert_eq!(Page::<()> { items: vec![], total, request }.pages(), pages);
        }
    }
}
