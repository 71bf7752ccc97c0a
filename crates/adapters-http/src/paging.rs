//! Pages of lists: their parameters and their body.

use domain::page::{Page, PageRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::validation::{Int, Or, query};

query! {
    /// `?page=1&size=50`.
    pub struct Paging {
        /// The page's number, from 1.
        page: Or<1, Int<u32, 1, { i32::MAX as i64 }>>,
        /// The number of items on a page.
        size: Or<50, Int<u32, 1, 100>>,
    }
}

impl From<Paging> for PageRequest {
    fn from(paging: Paging) -> Self {
        Self { page: paging.page, size: paging.size }
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T> {
    /// The items on this page.
    pub items: Vec<T>,
    /// The number of items in the list.
    pub total: u64,
    /// The page's number, from 1.
    pub page: u32,
    /// The number of items on a page.
    pub size: u32,
    /// The number of pages.
    pub pages: u64,
}

impl<T, U: From<T>> From<Page<T>> for PageBody<U> {
    fn from(page: Page<T>) -> Self {
        Self {
            total: page.total,
            page: page.request.page,
            size: page.request.size,
            pages: page.pages(),
            items: page.items.into_iter().map(U::from).collect(),
        }
    }
}
